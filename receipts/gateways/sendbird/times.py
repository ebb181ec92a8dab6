"""Unix milliseconds, and the two times of a member that stand for their watermarks.

A client asks ``read time >= message created_at``, where we ask whether the message stands at or
before the watermark. So a member's time is that of the mark itself, but not before any message
that it covers, and before every message that it does not. Where messages bear times in another
order than they came in (an import, a backdated message), or share a millisecond across the
watermark, no number may be right for all of them; then it errs to "not yet": a receipt that
nobody gave is never shown (docs/decisions/0015).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

#: For each member of some conversations, and both of their watermarks: when it was set, the
#: latest time of what it covers, as far back as the lowest watermark there, and the earliest time
#: of what lies beyond it.
_TIMES = """
    WITH member AS (
        SELECT participant.conversation_id, member.username,
               participant.last_delivered_message_id, participant.last_delivered_at,
               participant.last_read_message_id, participant.last_read_at
          FROM chat_conversationparticipant AS participant
          JOIN chat_user AS member ON member.id = participant.user_id AND member.is_active
         WHERE participant.conversation_id IN ({conversations}) AND participant.is_active
    ), watermark AS (
        SELECT conversation_id, last_read_message_id AS message_id FROM member
         UNION
        SELECT conversation_id, last_delivered_message_id FROM member
    ), lowest AS (
        SELECT conversation_id, MIN(message_id) AS message_id
          FROM watermark GROUP BY conversation_id
    ), beside AS (
        SELECT message.id,
               MAX(message.created_at) OVER (
                   PARTITION BY message.conversation_id ORDER BY message.id
                   ROWS UNBOUNDED PRECEDING) AS covered,
               MIN(message.created_at) OVER (
                   PARTITION BY message.conversation_id ORDER BY message.id DESC
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond
          FROM lowest JOIN chat_message AS message
            ON message.conversation_id = lowest.conversation_id
           AND message.id >= lowest.message_id
    ), span AS (
        SELECT id, covered, beyond FROM beside
         WHERE id IN (SELECT message_id FROM watermark WHERE message_id IS NOT NULL)
    )
    SELECT member.conversation_id, member.username,
           member.last_delivered_at, delivered.covered, delivered.beyond,
           member.last_read_at, been_read.covered, been_read.beyond
      FROM member
      LEFT JOIN span AS delivered ON delivered.id = member.last_delivered_message_id
      LEFT JOIN span AS been_read ON been_read.id = member.last_read_message_id"""


@dataclass(frozen=True)
class Times:
    """When a member last received and read something, as others may know; None for never."""

    delivered: int | None = None
    read: int | None = None


NEVER = Times()


def times_of(conversation_ids: Iterable[int]) -> dict[int, dict[str, Times]]:
    """The times of all members of these conversations, by username, in one statement."""
    ids = list(conversation_ids)
    found: dict[int, dict[str, Times]] = defaultdict(dict)
    if not ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_TIMES.format(conversations=", ".join(["%s"] * len(ids))), ids)
        for conversation, username, *columns in cursor.fetchall():
            found[conversation][username] = Times(
                delivered=_time(*map(_as_milliseconds, columns[:3])),
                read=_time(*map(_as_milliseconds, columns[3:])),
            )
    return found


def _time(at: int | None, covered: int | None, beyond: int | None) -> int | None:
    if covered is None:
        return None
    time = covered if at is None else max(at, covered)
    return time if beyond is None else min(time, beyond - 1)


def milliseconds(time: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return (time - _EPOCH) // _MILLISECOND


def seconds(time: datetime) -> int:
    """Unix seconds, in which users and channels tell when they were made."""
    return milliseconds(time) // 1000


def moment(number: int) -> datetime:
    """The time of so many Unix milliseconds; the last one there is for any later number."""
    try:
        return _EPOCH + number * _MILLISECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _as_milliseconds(time: Any) -> int | None:
    """SQLite gives times back as text, in UTC and without a zone."""
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if time is None:
        return None
    return milliseconds(time if time.tzinfo else time.replace(tzinfo=UTC))
