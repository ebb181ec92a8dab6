"""The messages before and after a time or another message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from chat.models import Conversation, Message
from receipts.gateways.sendbird.clock import time_of_milliseconds
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import SenderMessageRow, message_in
from receipts.gateways.sendbird.reading import QueryFields
from receipts.reads.messages import rows_of
from receipts.sql.keyset import BY_TIME, NEWEST_FIRST

_MOST = 200
_DEFAULT = 15


@dataclass(frozen=True)
class Point:
    """The conditions for the messages before it, at it and after it."""

    before: Q
    at: Q
    after: Q


def point(conversation: Conversation, query: QueryFields) -> Point | None:
    """The message or the millisecond that the query names; None if it names neither.

    One SDK always sends both parameters: 0 means that a parameter is not set.
    """
    if (message_id := query.message("message_id")) is not None:
        here = BY_TIME.position_of(message_in(conversation, message_id))
        return Point(BY_TIME.compared("lt", here), Q(pk=message_id), BY_TIME.compared("gt", here))
    ts = query.number("message_ts")
    return moment_in(ts) if ts else None


def moment_in(ts: int) -> Point:
    """A millisecond: a message's time is its own, without the microseconds."""
    start, end = time_of_milliseconds(ts), time_of_milliseconds(ts + 1)
    return Point(
        Q(created_at__lt=start),
        Q(created_at__gte=start, created_at__lt=end),
        Q(created_at__gte=end),
    )


def around(
    messages: QuerySet[Message], here: Point | None, query: QueryFields
) -> list[SenderMessageRow]:
    """``prev_limit`` messages before, those at the point, ``next_limit`` after; oldest first."""
    before, after = _limit(query, "prev_limit"), _limit(query, "next_limit")
    include = query.flag("include", default=True)
    rows = rows_of(messages, SenderMessageRow)
    if here is None:
        return _last(rows, before)
    found = _last(rows.filter(here.before), before)
    if include:
        found += BY_TIME.sorted(rows.filter(here.at))[:_MOST]
    return found + list(BY_TIME.sorted(rows.filter(here.after))[:after])


def _last(rows: Any, limit: int) -> list[SenderMessageRow]:
    return list(NEWEST_FIRST.sorted(rows)[:limit])[::-1]


def _limit(query: QueryFields, name: str) -> int:
    limit = query.number(name)
    if limit is not None and limit > _MOST:
        raise SendbirdError(SendbirdCode.OUT_OF_RANGE, f'"{name}" may be {_MOST} at most.')
    return _DEFAULT if limit is None else limit
