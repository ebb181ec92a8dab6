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
from typing import cast

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
_NAMES = ("conversation_id", "user__username")
_WATERMARKS = (
    "last_delivered_message_id", "last_delivered_at", "last_read_message_id", "last_read_at",
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

    Three more where somebody's watermarks are held back.
    """
    members = ConversationParticipant.objects.active().filter(conversation__in=conversation_ids)
    rows = list(members.values_list("pk", "held_back", *_NAMES, *_WATERMARKS))
    held = ConversationParticipant.objects.in_bulk([pk for pk, is_held, *_ in rows if is_held])
    show_watermarks(held.values())
    marked = {
        pk: tuple(getattr(held[pk], name) for name in _WATERMARKS) if pk in held else watermarks
        for pk, _, _, _, *watermarks in rows
    }
    bounds = _bounds_of({pk for told in marked.values() for pk in (told[0], told[2]) if pk})
    found: dict[int, dict[str, Times]] = defaultdict(dict)
    for pk, _, conversation, username, *_ in rows:
        delivered, delivered_at, read, read_at = marked[pk]
        found[conversation][username] = Times(
            _time(bounds, delivered, delivered_at), _time(bounds, read, read_at)
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
