"""A recipient marks one message that is tracked by position: that marks everything up to it."""

from __future__ import annotations

from collections.abc import Callable

from receipts.ledger.marks import Mark
from receipts.metrics import count_marks
from receipts.reads.by_position import own_placed_row
from receipts.rules.rows import OwnRow, PlacedOwnRow
from receipts.services.large_groups import mark_up_to_position


def mark_one_by_position(
    message: int | str, username: str, mark_of: Callable[[OwnRow], Mark]
) -> PlacedOwnRow | None:
    """Mark; return the recipient's row afterwards, None if they are no recipient of such a message.

    A deleted message is not marked (rule 21). ``mark_of`` gives the mark by its maker's switches.
    """
    row = own_placed_row(message, username)
    if row is None or row["is_deleted"]:
        return row
    mark = mark_of(row)
    is_new = mark_up_to_position(
        row["conversation_id"], row["recipient_id"], row["message_id"], row["sent_at"], mark
    )
    count_marks(is_new, mark)
    return own_placed_row(row["message_id"], username)
