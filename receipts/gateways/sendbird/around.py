"""Messages before and after a point in time, or another message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from chat.models import Conversation, Message
from receipts.gateways.sendbird.base import message_in
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.gateways.sendbird.reading import Asked
from receipts.gateways.sendbird.times import moment
from receipts.selectors import MESSAGE_COLUMNS

_MOST = 200
_DEFAULT = 15


class Point:
    """What lies before it, at it and after it."""

    def __init__(self, before: Q, at: Q, after: Q) -> None:
        self.before, self.at, self.after = before, at, after


def point(conversation: Conversation, asked: Asked) -> Point | None:
    """The message or the millisecond that is named; nothing where neither is.

    One SDK insists on both: a 0 stands for what was not meant.
    """
    if message_id := asked.number("message_id"):
        message_in(conversation, message_id)
        return Point(Q(pk__lt=message_id), Q(pk=message_id), Q(pk__gt=message_id))
    ts = asked.number("message_ts")
    return _moments(moment(ts), moment(ts + 1)) if ts else None


def _moments(start: datetime, end: datetime) -> Point:
    return Point(
        Q(created_at__lt=start),
        Q(created_at__gte=start, created_at__lt=end),
        Q(created_at__gte=end),
    )


def around(messages: QuerySet[Message], here: Point | None, asked: Asked) -> list[dict[str, Any]]:
    """So many before, what is there, and so many after, in the order in which they came."""
    before, after = _limit(asked, "prev_limit"), _limit(asked, "next_limit")
    rows = messages.values(*MESSAGE_COLUMNS, "sender__avatar_url")
    if here is None:
        return _last(rows, before)
    found = _last(rows.filter(here.before), before)
    if asked.flag("include", default=True):
        found += rows.filter(here.at).order_by("pk")[:_MOST]
    return found + list(rows.filter(here.after).order_by("pk")[:after])


def _last(rows: Any, limit: int) -> list[dict[str, Any]]:
    return list(rows.order_by("-pk")[:limit])[::-1]


def _limit(asked: Asked, name: str) -> int:
    limit = asked.number(name)
    if limit is not None and limit > _MOST:
        raise SendbirdError(Code.OUT_OF_RANGE, f'"{name}" may be {_MOST} at most.')
    return _DEFAULT if limit is None else limit
