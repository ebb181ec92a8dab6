"""Marking messages delivered or read, one by one and up to a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from chat.models import Tracking
from receipts.ledger.concealing import conceal_reads, takes_back_reads
from receipts.ledger.marks import Mark, discloses, failure
from receipts.ledger.stamp import Change, stamp, stamp_one
from receipts.ledger.undoing import unmark
from receipts.ledger.watermarks import (
    ONE_POSITION,
    advance_watermarks,
    lock_participant,
    lower_watermarks,
)
from receipts.rules.rows import ChangedColumns, OwnPosition

_ONE = (
    "status.message_id = %(message)s AND status.recipient_id = %(recipient)s"
    " AND status.conversation_id = %(conversation)s"
)
_UP_TO = (
    "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
    " AND status.message_id <= %(up_to)s"
)
_FROM = (
    "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
    " AND message.conversation_id = %(conversation)s AND message.id >= %(from_message)s"
)


@dataclass(frozen=True, kw_only=True)
class RecipientKey:
    """One recipient's row, by the three columns that name it."""

    message_id: int
    recipient_id: int
    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class UpTo:
    """A participant, and the message up to which they mark."""

    recipient_id: int
    conversation_id: int
    up_to: int
    #: Whether others may know of this position: an untracked message tells nothing (rule 15).
    tracked: bool = True

    @classmethod
    def of(cls, conversation_id: int, found: OwnPosition) -> UpTo:
        """What ``selectors.own_position`` found, where it found a message."""
        return cls(
            recipient_id=found["user_id"],
            conversation_id=conversation_id,
            up_to=cast(int, found["up_to"]),
            tracked=found["tracking"] == Tracking.TRACKED,
        )


def mark_delivered(*, row: RecipientKey, at: datetime | None = None) -> ChangedColumns | None:
    """One message reached its recipient; the row's columns, or nothing where nothing changed."""
    return _mark_one(row, _mark(at))


def mark_read(
    *,
    row: RecipientKey,
    at: datetime | None = None,
    private: bool = False,
    content: str | None = None,
) -> ChangedColumns | None:
    """One message was read by its recipient; the row's columns, or nothing where none changed."""
    return _mark_one(row, _mark(at, read=True, private=private, content=content))


def report_failure(
    *, row: RecipientKey, reason: str, at: datetime | None = None
) -> ChangedColumns | None:
    """One message could not be delivered; the row's columns, or nothing where none changed."""
    now = timezone.now()
    params = {**_names(row), "at": min(at or now, now), "reason": reason}
    return stamp_one(failure(_ONE, params))


def bulk_mark_unread(*, recipient_id: int, conversation_id: int, from_message: int) -> int:
    """Everything from a message on is unseen again by its recipient (rule 10); how many rows."""
    params = {
        "recipient": recipient_id,
        "conversation": conversation_id,
        "from_message": from_message,
    }
    return stamp(unmark(_FROM, params))


def bulk_mark_delivered(*, position: UpTo, at: datetime | None = None) -> int:
    """Everything up to a message reached its recipient; how many rows are newly marked."""
    return _mark_up_to(position, _mark(at))


def bulk_mark_read(*, position: UpTo, at: datetime | None = None, private: bool = False) -> int:
    """Everything up to a message was read by its recipient; how many rows are newly marked."""
    return _mark_up_to(position, _mark(at, read=True, private=private))


def _mark(at: datetime | None, **how: Any) -> Mark:
    """The server's clock counts, unless the marker gives a time; none is later than now."""
    now = timezone.now()
    return Mark(at=min(at, now) if at else now, backdated=at is not None, **how)


def _mark_one(row: RecipientKey, mark: Mark) -> ChangedColumns | None:
    change = mark.change(_ONE, _names(row))
    if not mark.private:
        # One statement, so no transaction of its own: the message stays locked no longer than that.
        return stamp_one(change)
    with _hiding(row.recipient_id, row.conversation_id, change):
        return stamp_one(change)


@contextmanager
def _hiding(recipient_id: int, conversation_id: int, change: Change) -> Iterator[None]:
    """A transaction whose change makes reads private (rule 13).

    No read watermark covers them afterwards, and no event of an open read among them stays.
    """
    with transaction.atomic():
        locked = lock_participant(recipient_id, conversation_id)
        takes_back = change.may_retract_reads and takes_back_reads(change)
        yield
        lower_watermarks(locked)
        if takes_back:
            conceal_reads(locked)


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
    }
    change = mark.change(_UP_TO, params, condition_sql=mark.unmarked_sql)
    # The participant before the messages: whoever leaves locks them in that order (rule 22).
    with _transaction(position, mark, change):
        if position.tracked:
            if discloses(mark):
                lock_participant(position.recipient_id, position.conversation_id)
            advance_watermarks(mark, ONE_POSITION, params)
        marked = stamp(change)
    if mark.backdated:
        # Apart from the unmarked rows, which an index finds: these are looked for one by one. And
        # in a transaction of their own, since they stand below messages that are held by now.
        change = mark.change(_UP_TO, params, condition_sql=mark.later_sql)
        with _transaction(position, mark, change):
            stamp(change)
    return marked


def _transaction(position: UpTo, mark: Mark, change: Change) -> AbstractContextManager[None]:
    """The transaction of a bulk mark."""
    if mark.private:
        return _hiding(position.recipient_id, position.conversation_id, change)
    return transaction.atomic()
