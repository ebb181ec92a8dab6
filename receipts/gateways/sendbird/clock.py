"""The time of a message at Sendbird, in Unix milliseconds.

Clients compare times to find what is read, so no two messages of a channel may have the same time.
If several were sent within a millisecond, the later ones get the next milliseconds: a message has
its own time, or its predecessor's plus one if that is later. At most ``_BACK`` predecessors are
considered, and none before one that is later than its successor (an import, a backdated message),
so that a time depends on the nearest neighbours only and never changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import connection

from receipts.gateways.unixtime import EPOCH, MILLISECOND, milliseconds

#: How many predecessors can move a message's time, so also the most milliseconds that it moves.
_BACK = 19

_OWN = {
    "postgresql": "CAST(FLOOR(EXTRACT(EPOCH FROM message.created_at) * 1000) AS bigint)",
    "sqlite": "CAST(strftime('%%s', substr(message.created_at, 1, 19)) AS INTEGER) * 1000"
    " + CAST(substr(message.created_at, 21, 3) AS INTEGER)",
}

#: The times of the messages of ``stretch (conversation_id, first, last)``, as CTEs up to
#: ``borne (conversation_id, id, ts)``, which also has the predecessors of a stretch. The first of
#: them is found once per stretch; once per message, 100 channels took 5 s instead of 50 ms.
BORNE = """
    bounds AS MATERIALIZED (
        SELECT stretch.conversation_id, stretch.last, COALESCE((
               SELECT earlier.id FROM chat_message AS earlier
                WHERE earlier.conversation_id = stretch.conversation_id
                  AND earlier.id <= stretch.first
                ORDER BY earlier.id DESC LIMIT 1 OFFSET {back}), 0) AS start
          FROM stretch
    ), own AS (
        SELECT message.conversation_id, message.id, {own} AS ms
          FROM bounds JOIN chat_message AS message
            ON message.conversation_id = bounds.conversation_id
           AND message.id >= bounds.start AND message.id <= bounds.last
    ), placed AS (
        SELECT own.*, ROW_NUMBER() OVER following AS place,
               CASE WHEN ms < LAG(ms) OVER following THEN 1 ELSE 0 END AS is_earlier
          FROM own WINDOW following AS (PARTITION BY conversation_id ORDER BY id)
    ), in_order AS (
        SELECT placed.*,
               SUM(is_earlier) OVER (PARTITION BY conversation_id ORDER BY id) AS run
          FROM placed
    ), borne AS (
        SELECT conversation_id, id,
               place + MAX(ms - place) OVER (
                   PARTITION BY conversation_id, run ORDER BY id
                   ROWS BETWEEN {back} PRECEDING AND CURRENT ROW) AS ts
          FROM in_order
    )"""

_STRETCH = "(CAST(%s AS bigint), CAST(%s AS bigint), CAST(%s AS bigint))"


def borne() -> str:
    """``BORNE`` in the SQL of this database."""
    return BORNE.format(own=_OWN[connection.vendor], back=_BACK)


def message_times(stretches: Iterable[tuple[int, int, int]]) -> dict[int, int]:
    """The times of messages by id. A stretch is a conversation, a first and a last message id."""
    params = list(stretches)
    if not params:
        return {}
    values = ", ".join([_STRETCH] * len(params))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH stretch (conversation_id, first, last) AS (VALUES {values}), {borne()}"
            " SELECT id, ts FROM borne",
            [number for stretch in params for number in stretch],
        )
        return {int(message): int(ts) for message, ts in cursor.fetchall()}


def zone(ts: int) -> tuple[datetime, datetime]:
    """The period in which a message with this time was sent: from, and before."""
    return time_of_milliseconds(ts - _BACK), time_of_milliseconds(ts + 1)


def seconds(time: datetime) -> int:
    """Unix seconds: the unit of ``created_at`` of users and channels."""
    return milliseconds(time) // 1000


def time_of_milliseconds(number: int) -> datetime:
    """The time of a number of Unix milliseconds; the last possible time for a larger number."""
    try:
        return EPOCH + number * MILLISECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
