"""The two times of a member that represent their watermarks.

A client checks ``read time >= message created_at``; Seenby checks whether the message is at or
before the watermark. So a member's time is that of the mark itself, but not before the message that
the watermark names, and before the next one. Where these two share a millisecond (an import, a
backdated message), no time separates them; then it errs on the side of "not yet": a receipt that
was not given is never shown (docs/decisions/0015).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import F

from chat.models import ConversationParticipant
from receipts.gateways.unixtime import milliseconds
from receipts.reads.watermarks import show_watermarks
from receipts.sql.run import among_ids, as_time, fetch_rows, id_list

#: Some messages: when each was sent, and when the next one of its conversation.
_BOUNDS = """
    SELECT message.id, message.created_at, (
           SELECT following.created_at FROM chat_message AS following
            WHERE following.conversation_id = message.conversation_id
              AND (following.created_at, following.id) > (message.created_at, message.id)
            ORDER BY following.created_at, following.id LIMIT 1)
      FROM chat_message AS message WHERE {those}"""
_COLUMNS = (
    "conversation_id", "held_back", "last_delivered_message_id", "last_delivered_at",
    "last_read_message_id", "last_read_at",
)  # fmt: skip


@dataclass(frozen=True)
class Times:
    """When a member last received and read something, as others may see; None for never."""

    delivered: int | None = None
    read: int | None = None


NEVER = Times()


@dataclass(frozen=True)
class _Bounds:
    """The milliseconds of a message and of the next one."""

    first: int
    end: int | None

    def clamp(self, at: datetime | None) -> int:
        """A mark's time, at or after this message and before the next one."""
        time = self.first if at is None else max(milliseconds(at), self.first)
        return time if self.end is None else min(time, self.end - 1)


def times_of(conversation_ids: Iterable[int]) -> dict[int, dict[str, Times]]:
    """The times of all members of these conversations, by username, in two statements.

    Two more where somebody's watermarks are held back.
    """
    found: dict[int, dict[str, Times]] = defaultdict(dict)
    active = ConversationParticipant.objects.active().filter(conversation__in=conversation_ids)
    members: Any = active.annotate(username=F("user__username")).only(*_COLUMNS)
    show_watermarks(members)
    marked = {
        pk
        for each in members
        for pk in (each.last_delivered_message_id, each.last_read_message_id)
        if pk is not None
    }
    bounds = _bounds_of(marked)
    for each in members:
        found[each.conversation_id][each.username] = Times(
            delivered=_time(bounds, each.last_delivered_message_id, each.last_delivered_at),
            read=_time(bounds, each.last_read_message_id, each.last_read_at),
        )
    return found


def _time(bounds: dict[int, _Bounds], message_id: int | None, at: datetime | None) -> int | None:
    return bounds[message_id].clamp(at) if message_id in bounds else None


def _bounds_of(message_ids: set[int]) -> dict[int, _Bounds]:
    if not message_ids:
        return {}
    sql = _BOUNDS.format(those=among_ids("message.id"))
    rows = fetch_rows(sql, {"ids": id_list(sorted(message_ids))})
    return {pk: _Bounds(_milliseconds(sent), end and _milliseconds(end)) for pk, sent, end in rows}


def _milliseconds(time: datetime | str) -> int:
    return milliseconds(cast(datetime, as_time(time)))
