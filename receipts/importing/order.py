"""The order of a history: by time, and at the same time by the ids of the source.

It does not depend on our own ids, which are assigned in the order in which files are imported.
"""

from __future__ import annotations

from receipts.sql.run import by_code_point

#: SQL condition: ``message`` was imported, not sent here.
IMPORTED_SQL = "message.is_imported"


def source_order(name: str) -> str:
    """SQL: the place of a message among those with the same time, as text.

    By the length of its id in the source, then by that id: numbers stand by number.
    """
    return f"(CAST(1000 + LENGTH({name}) AS text) || {by_code_point(name)})"
