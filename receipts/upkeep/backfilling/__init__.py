"""Rows for messages that were never sent here: loaded by hand, or by another tool.

What is known of such a message is who took part when it was sent, and how far each of them has
come since: their watermarks. Its rows say that and no more, unless the operator lets something be
assumed (docs/decisions/0011). ``rows`` says what is written, ``walk`` how that goes on beside live
traffic.
"""

from receipts.upkeep.backfilling.rows import ASSUMPTIONS, NEEDS_ROWS
from receipts.upkeep.backfilling.walk import Backfill

__all__ = ["ASSUMPTIONS", "NEEDS_ROWS", "Backfill"]
