"""Up to which second somebody has read their direct conversations, as the other one may see.

Tencent's clients show every message as read that they sent up to that second. So it ends before the
first message that is not read, as far as others may know, and where both fall into one second it
errs on the side of "not yet", as for Sendbird's clients (docs/decisions/0015).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from chat.models import ConversationKind, ConversationParticipant, Tracking
from receipts.gateways.unixtime import unix_seconds
from receipts.reads.watermarks import show_watermarks
from receipts.sql.keyset import EARLIEST
from receipts.sql.run import as_time, fetch_rows

#: Messages behind the watermark that are looked at.
_AHEAD = 200

_OF_OTHER = f"next.sender_id <> participant.user_id AND next.tracking = '{Tracking.TRACKED.value}'"
_NEXT = """(
           SELECT message.* FROM chat_message AS message
            WHERE message.conversation_id = participant.conversation_id
              AND (message.created_at, message.id)
                  > (COALESCE(watermark.created_at, %(earliest)s), COALESCE(watermark.id, 0))
            ORDER BY message.created_at, message.id LIMIT %(ahead)s) AS next"""
#: Of some participants: the time of their watermark, of the last message behind it that they have
#: read, of the first one that they have not, and of the first one that is not looked at.
_TIMES = f"""
    SELECT participant.id, watermark.created_at,
           (SELECT MAX(next.created_at) FROM {_NEXT} WHERE {_OF_OTHER} AND next.read_count > 0),
           (SELECT MIN(next.created_at) FROM {_NEXT}
             WHERE {_OF_OTHER} AND next.read_count = 0 AND next.recipient_count > 0
               AND next.deleted_at IS NULL),
           (SELECT message.created_at FROM chat_message AS message
             WHERE message.conversation_id = participant.conversation_id
               AND (message.created_at, message.id)
                   > (COALESCE(watermark.created_at, %(earliest)s), COALESCE(watermark.id, 0))
             ORDER BY message.created_at, message.id LIMIT 1 OFFSET %(ahead)s)
      FROM chat_conversationparticipant AS participant
      JOIN {{shown}} ON shown.participant_id = participant.id
      LEFT JOIN chat_message AS watermark ON watermark.id = shown.message_id
       AND watermark.conversation_id = participant.conversation_id"""
#: The watermarks that are shown, as a relation: from arrays, or from a JSON text.
_SHOWN = {
    "postgresql": "unnest(CAST(%(ids)s AS bigint[]), CAST(%(messages)s AS bigint[]))"
    " WITH ORDINALITY AS shown (participant_id, message_id, place)",
    "sqlite": "(SELECT value ->> 0 AS participant_id, value ->> 1 AS message_id"
    " FROM json_each(%(shown)s)) AS shown",
}


def read_times(conversations: Iterable[int]) -> dict[tuple[int, int], int]:
    """Unix seconds, by conversation and the user id of who has read; in at most four statements."""
    participants = ConversationParticipant.objects.active().filter(
        conversation__in=set(conversations), conversation__kind=ConversationKind.DIRECT
    )
    known = {each.pk: each for each in participants}
    if not known:
        return {}
    show_watermarks(known.values())
    shown = [(pk, each.last_read_message_id or 0) for pk, each in known.items()]
    params: dict[str, Any] = {"earliest": EARLIEST, "ahead": _AHEAD}
    if connection.vendor == "postgresql":
        params["ids"], params["messages"] = map(list, zip(*shown, strict=True))
    else:
        params["shown"] = json.dumps(shown)
    found: dict[tuple[int, int], int] = {}
    for pk, *times in fetch_rows(_TIMES.format(shown=_SHOWN[connection.vendor]), params):
        if (until := _until(*map(as_time, times))) is not None:
            found[known[pk].conversation_id, known[pk].user_id] = until
    return found


def _until(
    watermark: datetime | None,
    last: datetime | None,
    first_open: datetime | None,
    end: datetime | None,
) -> int | None:
    read = max((time for time in (watermark, last) if time is not None), default=None)
    if read is None:
        return None
    bounds = [unix_seconds(time) - 1 for time in (first_open, end) if time is not None]
    return min([unix_seconds(read), *bounds])
