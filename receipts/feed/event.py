"""Rows of the feed's table as events. A malformed row is skipped, and logged once.

The service writes no such row. Manual SQL can, or a later version of the service; it must not
block the other events for everybody.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from datetime import UTC, datetime
from threading import Lock
from typing import Any, NamedTuple

import orjson

from receipts.feed.positions import EventPlace
from receipts.models import ACCOUNT_CLOSED, EventKind
from receipts.rules.status import State

logger = logging.getLogger("seenby.feed")

#: Ids of logged rows that are remembered; beyond that the set is cleared, and rows logged again.
MOST_REMEMBERED = 100_000
_logged: set[int] = set()
_lock = Lock()
_KINDS, _STATES = frozenset({*EventKind.values, ACCOUNT_CLOSED}), frozenset(State.values)
_WITHOUT_MESSAGES = (EventKind.CONVERSATION_DELETED, ACCOUNT_CLOSED)
_PERSONAL = (EventKind.RECEIPT_UPDATED, EventKind.CONVERSATION_READ)
_LARGEST = 2**63 - 1


class FeedEvent(NamedTuple):
    """An event of a row of ``ReceiptEvent``; the row's two events differ in kind and audience."""

    node: int
    xid: int
    id: int
    kind: str
    audience_id: int | None
    conversation_id: int
    actor_id: int | None
    state: str | None
    is_delivery: bool
    #: Whether the row is also an event of ``own_read``.
    is_own_read: bool
    messages: list[int]
    message_count: int
    first_message: int | None
    reason: str | None
    #: When the latest of the marks was made; null in events of earlier versions.
    marked_at: datetime | None
    external_id: str | None
    created_at: datetime

    @property
    def place(self) -> EventPlace:
        """Where its row stands in the feed."""
        return self.node, self.xid, self.id


_TIMES = ("marked_at", "created_at")
#: The columns in order. A time outside Python's range is NULL, since it could not be fetched; JSON
#: is fetched as text, since the driver's own reading of it is slow.
EVENT_COLUMNS = ", ".join(
    f"CASE WHEN event.{name} BETWEEN '0001-01-02' AND '9999-12-30' THEN event.{name} END AS {name}"
    if name in _TIMES
    else f"CAST(event.{name} AS text) AS {name}"
    if name == "messages"
    else f"event.{name}"
    for name in FeedEvent._fields
)


_ID = FeedEvent._fields.index("id")


def events_of(rows: list[tuple[Any, ...]], readers: Container[int]) -> list[FeedEvent]:
    """The events of the rows that can be read; own reads that share a row, of ``readers`` alone."""
    found = []
    for row in rows:
        try:
            event = _event(row)
        except (ValueError, TypeError) as error:
            _log_once(row[_ID], error)
            continue
        found.append(event)
        if event.is_own_read and event.actor_id in readers:
            found.append(_own_read(event))
    return found


def _own_read(event: FeedEvent) -> FeedEvent:
    """The event for the reader's own devices, of a row that is also one for the sender."""
    return event._replace(
        kind=EventKind.CONVERSATION_READ.value,
        audience_id=event.actor_id,
        state=None,
        is_delivery=False,
        is_own_read=False,
        messages=[],
        first_message=None,
        marked_at=None,
    )


def _event(row: tuple[Any, ...]) -> FeedEvent:
    """Parse a row; SQLite returns times and booleans as stored. Raises ``ValueError``."""
    (node, xid, pk, kind, audience, conversation, actor, state, is_delivery, is_own_read, messages,
     count, first, reason, marked_at, external_id, created_at) = row  # fmt: skip
    event = FeedEvent(
        node, xid, pk, kind, audience, conversation, actor, state, bool(is_delivery),
        bool(is_own_read), orjson.loads(messages), count, first, reason,
        None if marked_at is None else _time("marked_at", marked_at), external_id,
        _time("created_at", created_at),
    )  # fmt: skip
    _check(event)
    return event


def _time(column: str, value: Any) -> datetime:
    """A time; SQLite keeps times in UTC and returns text without a zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError(f"{column} is no time.")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _check(event: FeedEvent) -> None:
    """Raise ``ValueError`` unless the columns are as ``receipts.ledger`` writes them."""
    if event.kind not in _KINDS:
        raise ValueError("Its kind is unknown.")
    if event.kind in _WITHOUT_MESSAGES:
        _check_without_messages(event)
        return
    numbers = (event.conversation_id, event.message_count, *_given(event.audience_id),
               *_given(event.actor_id), *_given(event.first_message))  # fmt: skip
    if not all(map(_is_number, numbers)):
        raise ValueError("A column does not hold a positive whole number.")
    if not (isinstance(event.messages, list) and all(map(_is_number, event.messages))):
        raise ValueError("Its messages are no list of ids.")
    if not (event.reason is None or isinstance(event.reason, str)):
        raise ValueError("Its reason is no text.")
    if (event.kind in _PERSONAL) != (event.audience_id is not None):
        raise ValueError("Its audience does not fit its kind.")
    if event.is_own_read and (event.kind != EventKind.RECEIPT_UPDATED or event.actor_id is None):
        raise ValueError("It is an own read of nobody.")
    if event.kind == EventKind.RECEIPT_UPDATED:
        fits = 1 <= len(event.messages) <= event.message_count and event.first_message is not None
        if not fits or event.state not in _STATES:
            raise ValueError("Its messages, their number or its state do not fit its kind.")
    elif event.kind != EventKind.CONVERSATION_READ and not (
        len(event.messages) == event.message_count == 1
    ):
        raise ValueError("It has to be of one message.")


def _check_without_messages(event: FeedEvent) -> None:
    """An account was closed, its own, or a conversation deleted: for somebody, or for backends."""
    is_account = event.kind == ACCOUNT_CLOSED
    numbers = (*_given(event.audience_id), *(() if is_account else (event.conversation_id,)))
    if not all(map(_is_number, numbers)) or (is_account and event.audience_id is None):
        raise ValueError("Its audience or its conversation does not fit its kind.")
    if event.messages or event.message_count:
        raise ValueError("It has to be of no message.")


def _given(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)


def _is_number(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _LARGEST


def _log_once(pk: int, error: Exception) -> None:
    """Log once per row and process, regardless of listeners and polls."""
    with _lock:
        if pk in _logged:
            return
        if len(_logged) >= MOST_REMEMBERED:
            _logged.clear()
        _logged.add(pk)
    logger.error("Event %s of the feed is skipped, since its row cannot be read: %s", pk, error)
