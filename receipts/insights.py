"""How well messages arrive: rates, and how long it takes to be delivered and read, by day.

One statement over the messages and their rows, whoever asks. Only tracked messages that are not
deleted are in it, only rows that count, and only reads that were disclosed: a private read has no
``read_at`` to measure (rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

#: What each database calls the day of a time, and the seconds between two.
_DIALECT = {
    "postgresql": {
        "day": "CAST({0} AT TIME ZONE 'UTC' AS date)",
        "seconds": "CAST(EXTRACT(EPOCH FROM ({1} - {0})) AS double precision)",
    },
    "sqlite": {
        "day": "date({0})",
        "seconds": "((julianday({1}) - julianday({0})) * 86400.0)",
    },
}

#: Percentiles by nearest rank: the first time at or behind that share of all times. Each row
#: counts for its day and for the whole range, which has no day.
_STATEMENT = """
    WITH sent AS (
        SELECT id, conversation_id, {day} AS day, recipient_count, delivered_count, read_count
          FROM chat_message
         WHERE tracking = 'tracked' AND deleted_at IS NULL
           AND created_at >= %(since)s AND created_at < %(until)s{scope}
    ), spent AS (
        SELECT sent.day, 'delivered' AS state, {to_delivered} AS seconds
          FROM sent JOIN receipts_messagestatus AS status
            ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
         WHERE status.withdrawn_at IS NULL AND status.delivered_at IS NOT NULL
        UNION ALL
        SELECT sent.day, 'read', {to_read}
          FROM sent JOIN receipts_messagestatus AS status
            ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
         WHERE status.withdrawn_at IS NULL AND status.read_at IS NOT NULL
    ), ranked AS (
        SELECT day, state, seconds,
               ROW_NUMBER() OVER (PARTITION BY state, day ORDER BY seconds) AS place,
               COUNT(*) OVER (PARTITION BY state, day) AS of_day,
               ROW_NUMBER() OVER (PARTITION BY state ORDER BY seconds) AS place_in_range,
               COUNT(*) OVER (PARTITION BY state) AS of_range
          FROM spent
    )
    SELECT day, 'counts' AS what, COUNT(*), SUM(recipient_count), SUM(delivered_count),
           SUM(read_count), NULL, NULL
      FROM sent GROUP BY day
    UNION ALL
    SELECT day, state, NULL, NULL, NULL, NULL,
           MIN(CASE WHEN place >= of_day * 0.5 THEN seconds END),
           MIN(CASE WHEN place >= of_day * 0.95 THEN seconds END)
      FROM ranked GROUP BY day, state
    UNION ALL
    SELECT NULL, state, NULL, NULL, NULL, NULL,
           MIN(CASE WHEN place_in_range >= of_range * 0.5 THEN seconds END),
           MIN(CASE WHEN place_in_range >= of_range * 0.95 THEN seconds END)
      FROM ranked GROUP BY state"""

#: A sender's own messages, where they still take part: who left is told nothing (decision 0007).
_OF_SENDER = """
           AND sender_id = %(sender)s
           AND conversation_id IN (SELECT conversation_id FROM chat_conversationparticipant
                                    WHERE user_id = %(sender)s AND is_active)"""

_COUNTS = ("messages", "recipients", "delivered", "read")


def insights(
    *, since: date, until: date, sender_id: int | None = None, conversation_id: int | None = None
) -> dict[str, Any]:
    """Rates and times by UTC day, from ``since`` to ``until``, both days included.

    Of one sender's messages or everybody's, in one conversation or in all. Times are in seconds;
    a rate is a share of recipients from 0 to 1, null where there were none.
    """
    params = {
        "since": _midnight(since),
        "until": _midnight(until + timedelta(days=1)),
        "sender": sender_id,
        "conversation": conversation_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(sender_id, conversation_id), params)
        by_day = _by_day(cursor.fetchall())
    whole = by_day.pop(None, {})
    for name in _COUNTS:
        whole[name] = sum(day.get(name, 0) for day in by_day.values())
    return {
        "from": since,
        "to": until,
        "total": _shape(whole),
        "days": [{"day": day, **_shape(by_day[day])} for day in sorted(by_day)],
    }


def _statement(sender_id: int | None, conversation_id: int | None) -> str:
    words = _DIALECT[connection.vendor]
    scope = _OF_SENDER if sender_id is not None else ""
    scope += " AND conversation_id = %(conversation)s" if conversation_id is not None else ""
    return _STATEMENT.format(
        day=words["day"].format("created_at"),
        to_delivered=words["seconds"].format("status.sent_at", "status.delivered_at"),
        to_read=words["seconds"].format("status.sent_at", "status.read_at"),
        scope=scope,
    )


def _by_day(rows: Iterable[tuple[Any, ...]]) -> dict[Any, dict[str, Any]]:
    """The rows of a day in one dict; the whole range stands under None."""
    days: dict[Any, dict[str, Any]] = {}
    for day, what, *counts, median, p95 in rows:
        found = days.setdefault(str(day) if day is not None else None, {})
        if what == "counts":
            found |= {name: int(count) for name, count in zip(_COUNTS, counts, strict=True)}
        else:
            found[f"seconds_to_{what}"] = {"median": round(median, 3), "p95": round(p95, 3)}
    return days


def _shape(found: dict[str, Any]) -> dict[str, Any]:
    recipients = found["recipients"]
    nothing = {"median": None, "p95": None}
    return {
        **{name: found[name] for name in _COUNTS},
        "delivered_rate": round(found["delivered"] / recipients, 4) if recipients else None,
        "read_rate": round(found["read"] / recipients, 4) if recipients else None,
        "seconds_to_delivered": found.get("seconds_to_delivered", nothing),
        "seconds_to_read": found.get("seconds_to_read", nothing),
    }


def _midnight(day: date) -> Any:
    return connection.ops.adapt_datetimefield_value(datetime.combine(day, time.min, UTC))
