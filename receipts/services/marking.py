"""Marking messages delivered or read, one by one and up to a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from receipts.ledger.change import Change
from receipts.ledger.concealing import taken_back
from receipts.ledger.failing import failure
from receipts.ledger.marks import Mark, discloses
from receipts.ledger.stamp import stamp, stamp_one
from receipts.ledger.undoing import unmark
from receipts.ledger.watermarks import (
    advance_watermark,
    hold_back_private,
    hold_back_unread_replies,
    lock_participant,
)
from receipts.metrics import count_failures, count_marks
from receipts.rules.failures import kept_reason
from receipts.rules.rows import ChangedColumns, OwnPosition, OwnRow
from receipts.rules.threads import EVERYTHING, MessageLine
from receipts.services.large_groups import mark_up_to_position
from receipts.sql.keyset import sent_at_sql

_ONE = (
    "status.message_id = %(message)s AND status.recipient_id = %(recipient)s"
    " AND status.conversation_id = %(conversation)s"
)
_UP_TO = (
    "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
    " AND (status.sent_at, status.message_id)"
    f" <= ({sent_at_sql('%(up_to)s', '%(conversation)s')}, %(up_to)s)"
)
_FROM = (
    "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
    " AND message.conversation_id = %(conversation)s AND (message.created_at, message.id)"
    f" >= ({sent_at_sql('%(from_message)s', '%(conversation)s')}, %(from_message)s)"
)


@dataclass(frozen=True, kw_only=True)
class RecipientKey:
    """The three columns that identify one recipient's row."""

    message_id: int
    recipient_id: int
    conversation_id: int

    @classmethod
    def of(cls, row: OwnRow) -> RecipientKey:
        """The key of a recipient's own row."""
        return cls(
            message_id=row["message_id"],
            recipient_id=row["recipient_id"],
            conversation_id=row["conversation_id"],
        )


@dataclass(frozen=True, kw_only=True)
class UpTo:
    """A participant, the message up to which they mark, and the one that a watermark may name."""

    recipient_id: int
    conversation_id: int
    up_to: int
    #: The last tracked message up to there, where the watermarks move to: an untracked one moves
    #: none (rule 15). None if there is none.
    reached: int | None
    #: The last one tracked by position up to there, and when it was sent; None if there is none.
    placed: tuple[int, datetime] | None = None
    #: Which messages up to there are marked.
    line: MessageLine = EVERYTHING

    @classmethod
    def of(cls, found: OwnPosition, line: MessageLine = EVERYTHING) -> UpTo:
        """From a result of ``positions.own_position`` that has a message."""
        placed = found["placed"]
        return cls(
            recipient_id=found["user_id"],
            conversation_id=found["conversation_id"],
            up_to=cast(int, found["up_to"]),
            reached=found["reached"],
            placed=None if placed is None else (placed, cast(datetime, found["placed_at"])),
            line=line,
        )


def mark_delivered(
    *, row: RecipientKey, at: datetime | None = None, hides_delivery: bool = False
) -> ChangedColumns | None:
    """Mark one message delivered; return the row's columns, or None if nothing changed."""
    return mark_row(row, Mark.given(at, hides_delivery=hides_delivery))


def mark_read(
    *,
    row: RecipientKey,
    at: datetime | None = None,
    private: bool = False,
    explicit: bool = False,
    hides_delivery: bool = False,
    content: str | None = None,
) -> ChangedColumns | None:
    """Mark one message read; return the row's columns, or None if nothing changed.

    An ``explicit`` open mark also discloses an earlier private read (rule 13).
    """
    how = {"private": private, "explicit": explicit, "hides_delivery": hides_delivery}
    return mark_row(row, Mark.given(at, read=True, content=content, **how))


def report_failure(
    *, row: RecipientKey, reason: str | None = None, at: datetime | None = None
) -> ChangedColumns | None:
    """Mark one message undeliverable; return the row's columns, or None if nothing changed."""
    now = timezone.now()
    params = {
        **_names(row),
        "at": min(at or now, now),
        "reason": kept_reason(reason),
        "given": at is not None,
    }
    changed = stamp_one(failure(_ONE, params), conversation=row.conversation_id)
    count_failures(changed is not None)
    return changed


def bulk_mark_unread(
    *, recipient_id: int, conversation_id: int, from_message: int, line: MessageLine = EVERYTHING
) -> int:
    """Mark everything from a message on unread (rule 10); return how many rows changed."""
    params = {
        "recipient": recipient_id,
        "conversation": conversation_id,
        "from_message": from_message,
        "thread": line.root,
    }
    return stamp(unmark(_FROM + line.rows_sql, params), conversation=conversation_id)


def bulk_mark_delivered(
    *, position: UpTo, at: datetime | None = None, hides_delivery: bool = False
) -> int:
    """Mark everything up to a message delivered; return how many rows are newly marked."""
    return _mark_up_to(position, Mark.given(at, hides_delivery=hides_delivery))


def bulk_mark_read(
    *,
    position: UpTo,
    at: datetime | None = None,
    private: bool = False,
    explicit: bool = False,
    hides_delivery: bool = False,
) -> int:
    """Mark everything up to a message read; return how many rows are newly marked.

    An ``explicit`` open mark also discloses earlier private reads (rule 13).
    """
    how = {"private": private, "explicit": explicit, "hides_delivery": hides_delivery}
    return _mark_up_to(position, Mark.given(at, read=True, **how))


def mark_row(row: RecipientKey, mark: Mark) -> ChangedColumns | None:
    """Mark one row; return its columns, or None if nothing changed."""
    change = mark.change(_ONE, _names(row))
    if not (mark.private or mark.hides_delivery):
        # One statement without a transaction: the message is locked no longer than that.
        changed = stamp_one(change, conversation=row.conversation_id)
    else:
        with _hiding(row.recipient_id, row.conversation_id, mark, change):
            changed = stamp_one(change, conversation=row.conversation_id)
    count_marks(changed is not None, mark)
    return changed


@contextmanager
def _hiding(recipient_id: int, conversation_id: int, mark: Mark, change: Change) -> Iterator[None]:
    """A transaction for a change that keeps reads or deliveries private (rule 13).

    Afterwards no watermark covers them, and no event discloses one that was open before.
    """
    with transaction.atomic():
        locked = lock_participant(recipient_id, conversation_id)
        was_open = taken_back(change)
        yield
        hold_back_private(mark, locked)
        was_open.conceal(locked)


def _names(row: RecipientKey) -> dict[str, Any]:
    return {
        "message": row.message_id,
        "recipient": row.recipient_id,
        "conversation": row.conversation_id,
    }


def _mark_up_to(position: UpTo, mark: Mark) -> int:
    params = {
        "recipient": position.recipient_id,
        "conversation": position.conversation_id,
        "up_to": position.up_to,
        "thread": position.line.root,
    }
    where = _UP_TO + position.line.rows_sql
    changing = partial(mark.change, where, params, of_one_recipient=True)
    change = changing(condition_sql=mark.unmarked_sql)
    # Participants are locked before messages, as when leaving (rule 22).
    with _transaction(position, mark, change):
        if position.reached is not None:
            if discloses(mark):
                lock_participant(position.recipient_id, position.conversation_id)
            advance_watermark(
                mark,
                recipient=position.recipient_id,
                conversation=position.conversation_id,
                reached=position.reached,
            )
        if position.placed is not None:
            mark_up_to_position(
                position.conversation_id, position.recipient_id, *position.placed, mark
            )
        marked = stamp(change, conversation=position.conversation_id)
        if position.line.is_main:
            hold_back_unread_replies(position.recipient_id, position.conversation_id)
    count_marks(marked, mark)
    if mark.backdated:
        # A separate statement: an index finds the unmarked rows, but not these. A separate
        # transaction: these messages may precede some that the first one locked (rule 22).
        change = changing(condition_sql=mark.later_sql)
        with _transaction(position, mark, change):
            stamp(change, conversation=position.conversation_id)
    return marked


def _transaction(position: UpTo, mark: Mark, change: Change) -> AbstractContextManager[None]:
    """The transaction of a bulk mark."""
    if mark.private or mark.hides_delivery:
        return _hiding(position.recipient_id, position.conversation_id, mark, change)
    return transaction.atomic()
