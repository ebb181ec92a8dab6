"""Messages before and after a point in time, or another message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from chat.models import Conversation, Message
from receipts.gateways.sendbird.base import SenderMessageRow, message_in
from receipts.gateways.sendbird.clock import message_times, zone
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.gateways.sendbird.reading import Asked
from receipts.reads.selectors import MESSAGE_COLUMNS

_MOST = 200
_DEFAULT = 15


@dataclass(frozen=True)
class Point:
    """What lies before it, at it and after it."""

    before: Q
    at: Q
    after: Q


def point(conversation: Conversation, asked: Asked) -> Point | None:
    """The message or the millisecond that is named; nothing where neither is.

    One SDK insists on both: a 0 stands for what was not meant.
    """
    if message_id := asked.number("message_id"):
        message_in(conversation, message_id)
        return Point(Q(pk__lt=message_id), Q(pk=message_id), Q(pk__gt=message_id))
    ts = asked.number("message_ts")
    return moment_in(conversation.pk, ts) if ts else None


def moment_in(conversation_id: int, ts: int) -> Point:
    """A millisecond, by the times that messages bear there, which may be a little after ours."""
    start, end = zone(ts)
    near = Message.objects.filter(
        conversation=conversation_id, created_at__gte=start, created_at__lt=end
    )
    ids = list(near.order_by("pk").values_list("pk", flat=True))
    times = message_times([(conversation_id, ids[0], ids[-1])]) if ids else {}

    def those(*signs: int) -> Q:
        return Q(pk__in=[pk for pk in ids if (times[pk] > ts) - (times[pk] < ts) in signs])

    return Point(Q(created_at__lt=start) | those(-1), those(0), Q(created_at__gte=end) | those(1))


def around(messages: QuerySet[Message], here: Point | None, asked: Asked) -> list[SenderMessageRow]:
    """So many before, what is there, and so many after, in the order in which they came."""
    before, after = _limit(asked, "prev_limit"), _limit(asked, "next_limit")
    include = asked.flag("include", default=True)
    rows = messages.values(*MESSAGE_COLUMNS, "sender__avatar_url")
    if here is None:
        return _last(rows, before)
    found = _last(rows.filter(here.before), before)
    if include:
        found += rows.filter(here.at).order_by("pk")[:_MOST]
    return found + list(rows.filter(here.after).order_by("pk")[:after])


def _last(rows: Any, limit: int) -> list[SenderMessageRow]:
    return list(rows.order_by("-pk")[:limit])[::-1]


def _limit(asked: Asked, name: str) -> int:
    limit = asked.number(name)
    if limit is not None and limit > _MOST:
        raise SendbirdError(Code.OUT_OF_RANGE, f'"{name}" may be {_MOST} at most.')
    return _DEFAULT if limit is None else limit
