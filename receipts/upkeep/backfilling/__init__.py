"""Rows for messages that were not sent here, but loaded by hand or by another tool.

What is known of such a message is who took part when it was sent, and how far each of them has
come since: their watermarks. Its rows record that and no more, unless the operator permits an
assumption (docs/decisions/0011). ``rows`` is the SQL, ``walk`` runs it during live traffic.
"""

from receipts.upkeep.backfilling.rows import ASSUMPTIONS, NEEDS_ROWS
from receipts.upkeep.backfilling.walk import Backfill

__all__ = ["ASSUMPTIONS", "NEEDS_ROWS", "Backfill"]
