"""The messages before and after a time or another message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from chat.models import Conversation, Message
from receipts.gateways.sendbird.clock import message_times, zone
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import SenderMessageRow, message_in
from receipts.gateways.sendbird.reading import QueryFields
from receipts.reads.messages import rows_of

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
    if message_id := query.number("message_id"):
        message_in(conversation, message_id)
        return Point(Q(pk__lt=message_id), Q(pk=message_id), Q(pk__gt=message_id))
    ts = query.number("message_ts")
    return moment_in(conversation.pk, ts) if ts else None


def moment_in(conversation_id: int, ts: int) -> Point:
    """A millisecond, by the times of messages at Sendbird, which may be a little after ours."""
    start, end = zone(ts)
    near = Message.objects.filter(
        conversation=conversation_id, created_at__gte=start, created_at__lt=end
    )
    ids = list(near.order_by("pk").values_list("pk", flat=True))
    times = message_times([(conversation_id, ids[0], ids[-1])]) if ids else {}

    def those(*signs: int) -> Q:
        return Q(pk__in=[pk for pk in ids if (times[pk] > ts) - (times[pk] < ts) in signs])

    return Point(Q(created_at__lt=start) | those(-1), those(0), Q(created_at__gte=end) | those(1))


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
        found += rows.filter(here.at).order_by("pk")[:_MOST]
    return found + list(rows.filter(here.after).order_by("pk")[:after])


def _last(rows: Any, limit: int) -> list[SenderMessageRow]:
    return list(rows.order_by("-pk")[:limit])[::-1]


def _limit(query: QueryFields, name: str) -> int:
    limit = query.number(name)
    if limit is not None and limit > _MOST:
        raise SendbirdError(SendbirdCode.OUT_OF_RANGE, f'"{name}" may be {_MOST} at most.')
    return _DEFAULT if limit is None else limit
