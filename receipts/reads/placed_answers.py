"""Answers about messages tracked by position: only times that a position knows (rule 16)."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from receipts.reads.answer_types import ListedAnswer, MarkedAnswer, RecipientAnswer
from receipts.reads.answers import listed_recipient, marked_row
from receipts.rules.privacy import Shown
from receipts.rules.rows import ListedRow, OwnRow, PlacedOwnRow, PlacedRow


def listed_in_any(
    row: ListedRow | PlacedRow, *, edited_at: datetime | None, to: Shown
) -> ListedAnswer:
    """A row of any recipient list, with what ``to`` shows of its marks."""
    answer = listed_recipient(row, edited_at=edited_at, to=to)
    if "is_read_at_known" not in row:
        return answer
    placed = cast(PlacedRow, row)
    read_at, is_known = answer["read_at"], placed["is_read_at_known"]
    if read_at is not None and edited_at is not None and read_at >= edited_at and not is_known:
        answer["read_before_edit"] = None
    is_delivery_known = placed["is_delivered_at_known"] if to.deliveries else is_known
    _keep_known_times(answer, is_known, is_delivery_known)
    return answer


def own_answer(row: OwnRow) -> MarkedAnswer:
    """The response to a mark: the recipient's own row of any message."""
    answer = marked_row(row)
    if "is_read_at_known" not in row:
        return answer
    placed = cast(PlacedOwnRow, row)
    _keep_known_times(answer, placed["is_read_at_known"], placed["is_delivered_at_known"])
    return answer


def _keep_known_times(answer: RecipientAnswer, is_read_known: bool, is_got_known: bool) -> None:
    if not is_read_known:
        answer["read_at"] = None
    if not is_got_known:
        answer["delivered_at"] = None
