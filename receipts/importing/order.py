"""The order of a history: by time, and at the same time by the ids of the source.

It does not depend on our own ids, which are assigned in the order in which files are imported.
"""

from __future__ import annotations

from chat.models import IMPORTED
from receipts.sql.run import by_code_point

#: SQL condition: ``message`` was imported, not sent here.
IMPORTED_SQL = f"message.client_id LIKE '{IMPORTED}%%'"


def source_order(client_id: str) -> str:
    """SQL: the place of a message among those with the same time, as text.

    By the length of its id, then by the id: numbers stand by number.
    """
    return f"(CAST(1000 + LENGTH({client_id}) AS text) || {by_code_point(client_id)})"
