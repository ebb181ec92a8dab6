"""The counts of a message: which rows each of them counts, and what a change adds to them.

A count is how many rows have a property after the change less how many had it before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: The condition of each count. A withdrawn row counts for nothing (rule 2), and a
#: failure only until it is delivered after all (rule 11).
COUNTS = {
    "recipient_count": "{0}withdrawn_at IS NULL",
    "delivered_count": "{0}withdrawn_at IS NULL AND {0}delivered_at IS NOT NULL",
    "read_count": "{0}withdrawn_at IS NULL AND {0}read_at IS NOT NULL",
    "failed_count": "{0}withdrawn_at IS NULL AND {0}failed_at IS NOT NULL"
    " AND {0}delivered_at IS NULL",
    # Reads of the present text. ``edited_at`` is the message's; NULL, so not true, without an edit.
    "read_since_edit_count": "{0}read_at >= edited_at AND {0}withdrawn_at IS NULL",
}


def counts_of(columns: Iterable[str]) -> dict[str, str]:
    """The counts that a change of these columns can move, each with its condition."""
    columns = {*columns}
    return {
        count: holds
        for count, holds in COUNTS.items()
        if columns.intersection(_COLUMN.findall(holds))
    }


_COLUMN = re.compile(r"\{0\}(\w+)")


def delta_sql(
    changed: str, columns: Iterable[str], *, place: str = "", is_single: bool = False
) -> str:
    """SELECT: what each message's counts gain or lose, for the messages whose counts change.

    ``is_single``: of each message there is one row, which needs no sums; also if its counts do not
    change, so that ``moved_sql`` has to follow. PostgreSQL computes each count once then, since
    OFFSET keeps the SELECT apart.
    """
    total = "({})" if is_single else "SUM({})"
    sums = {
        count: total.format(
            f"CASE WHEN {holds.format('')} THEN 1 ELSE 0 END"
            f" - CASE WHEN {holds.format('was_')} THEN 1 ELSE 0 END"
        )
        for count, holds in counts_of(columns).items()
    }
    gained = ", ".join(f"{gain} AS {count}" for count, gain in sums.items())
    if is_single:
        return f"SELECT message_id, {place}{gained} FROM {changed} OFFSET 0"
    moved = " OR ".join(f"{gain} <> 0" for gain in sums.values())
    return f"SELECT message_id, {place}{gained} FROM {changed} GROUP BY message_id HAVING {moved}"


def moved_sql(columns: Iterable[str]) -> str:
    """SQL condition over ``delta``: a count changes."""
    return f"({' OR '.join(f'delta.{count} <> 0' for count in counts_of(columns))})"


def count_sql(columns: Iterable[str]) -> str:
    """UPDATE of the counts by ``delta``, without FROM."""
    sums = ", ".join(f"{count} = message.{count} + delta.{count}" for count in counts_of(columns))
    return f"UPDATE chat_message AS message SET {sums}"
