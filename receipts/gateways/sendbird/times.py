"""The two times of a member that represent their watermarks.

A client checks ``read time >= message created_at``; Seenby checks whether the message is at or
before the watermark. So a member's time is that of the mark itself, but not before any message
that it covers, and before every message that it does not. If messages were not sent in the order of
their times (an import, a backdated message), no time may be right for all of them; then it errs on
the side of "not yet": a receipt that was not given is never shown (docs/decisions/0015).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from chat.ids import MAX_ID
from receipts.gateways.sendbird.clock import borne
from receipts.gateways.unixtime import milliseconds

#: For each member of some conversations, and both of their watermarks: when it was set, the
#: latest time of the messages that it covers, back to the lowest watermark of the conversation,
#: and the earliest time of the messages after it.
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
    ), stretch AS (
        SELECT conversation_id, MIN(message_id) AS first, {last_id} AS last
          FROM watermark GROUP BY conversation_id HAVING MIN(message_id) IS NOT NULL
    ), {borne}, beside AS (
        SELECT id,
               MAX(ts) OVER (PARTITION BY conversation_id ORDER BY id) AS covered,
               MIN(ts) OVER (PARTITION BY conversation_id ORDER BY id DESC
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond
          FROM borne
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
    """When a member last received and read something, as others may see; None for never."""

    delivered: int | None = None
    read: int | None = None


NEVER = Times()


def times_of(conversation_ids: Iterable[int]) -> dict[int, dict[str, Times]]:
    """The times of all members of these conversations, by username, in one statement."""
    ids = list(conversation_ids)
    found: dict[int, dict[str, Times]] = defaultdict(dict)
    if not ids:
        return found
    sql = _TIMES.format(conversations=", ".join(["%s"] * len(ids)), borne=borne(), last_id=MAX_ID)
    with connection.cursor() as cursor:
        cursor.execute(sql, ids)
        for conversation, username, *columns in cursor.fetchall():
            found[conversation][username] = Times(
                delivered=_time(*columns[:3]), read=_time(*columns[3:])
            )
    return found


def _time(at: Any, covered: int | None, beyond: int | None) -> int | None:
    if covered is None:
        return None
    time = max(_milliseconds(at), covered) if at else covered
    return int(time if beyond is None else min(time, beyond - 1))


def _milliseconds(time: Any) -> int:
    """SQLite returns times as text, in UTC and without a zone."""
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    return milliseconds(time if time.tzinfo else time.replace(tzinfo=UTC))
