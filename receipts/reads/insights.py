"""How well messages arrive: rates, and how long delivery and reading take, by day.

One statement over the messages and their rows, for every caller. It includes only tracked
messages that are not deleted, only rows that count, and only disclosed reads: a private read has
no ``read_at`` to measure (rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict

from django.db import connection

from receipts.rules.deleted import present_sql
from receipts.sql.run import fetch_rows

#: SQL expressions of each database: the UTC day of a time, and the seconds between two times.
_DIALECT = {
    "postgresql": {
        "day": "CAST({0} AT TIME ZONE 'UTC' AS date)",
        "seconds": "date_part('epoch', {1} - {0})",
    },
    "sqlite": {
        "day": "date({0})",
        "seconds": "((julianday({1}) - julianday({0})) * 86400.0)",
    },
}

#: Of everybody, the messages are read twice: while the rows of a CTE are kept, PostgreSQL reads the
#: status rows, which are many more, in one process.
_EVERYBODY_KEPT = "NOT MATERIALIZED"

#: The messages of a range, and the seconds that each of their rows took.
_SPENT = f"""
    WITH sent AS {{kept}} (
        SELECT id, conversation_id, {{day}} AS day, recipient_count, delivered_count, read_count
          FROM chat_message
         WHERE tracking = 'tracked' AND deleted_at IS NULL
           AND {present_sql("chat_message.conversation_id")}
           AND created_at >= %(since)s AND created_at < %(until)s{{scope}}
    ), spent AS (
        SELECT sent.day, {{to_delivered}} AS to_delivered, {{to_read}} AS to_read
          FROM sent JOIN receipts_messagestatus AS status
            ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
         WHERE status.withdrawn_at IS NULL AND status.delivered_at IS NOT NULL
    )"""

_BY_DAY = """, spread AS ({spread})
    SELECT day, 'counts' AS what, COUNT(*), SUM(recipient_count), SUM(delivered_count),
           SUM(read_count), NULL, NULL
      FROM sent GROUP BY day
    UNION ALL
    SELECT day, state, NULL, NULL, NULL, NULL, median, p95 FROM spread"""

#: Percentiles by nearest rank: the first time at or after that share of all times. Each row counts
#: for its day and for the whole range, whose day is NULL. SQLite has no percentile function, so
#: every row is ranked, in four orders; on PostgreSQL that took four times as long.
_SPREAD = {
    "postgresql": """
        SELECT day, state, times[1] AS median, times[2] AS p95
          FROM (SELECT day,
                       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_delivered) AS d,
                       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_read) AS r
                  FROM spent GROUP BY GROUPING SETS ((day), ())) AS found
         CROSS JOIN LATERAL (VALUES ('delivered', d), ('read', r)) AS told (state, times)
         WHERE times IS NOT NULL""",
    "sqlite": """
        SELECT day, state, MIN(CASE WHEN place >= of_all * 0.5 THEN seconds END) AS median,
               MIN(CASE WHEN place >= of_all * 0.95 THEN seconds END) AS p95
          FROM (SELECT day, state, seconds,
                       ROW_NUMBER() OVER (PARTITION BY state, day ORDER BY seconds) AS place,
                       COUNT(*) OVER (PARTITION BY state, day) AS of_all
                  FROM (SELECT day, 'delivered' AS state, to_delivered AS seconds FROM spent
                        UNION ALL SELECT day, 'read', to_read FROM spent
                        UNION ALL SELECT NULL, 'delivered', to_delivered FROM spent
                        UNION ALL SELECT NULL, 'read', to_read FROM spent)
                 WHERE seconds IS NOT NULL)
         GROUP BY day, state""",
}

#: Buckets of the time to read: the upper bound in seconds, and a label; the last has no bound.
READ_WITHIN = (
    (10, "under 10 s"),
    (60, "under 1 min"),
    (5 * 60, "under 5 min"),
    (60 * 60, "under 1 h"),
    (24 * 60 * 60, "under 1 day"),
    (None, "longer"),
)

#: A sender's own messages, in conversations where they still take part (decision 0007).
_OF_SENDER = """
           AND sender_id = %(sender)s
           AND conversation_id IN (SELECT conversation_id FROM chat_conversationparticipant
                                    WHERE user_id = %(sender)s AND is_active)"""


class TimeSpread(TypedDict):
    """Seconds: the median, and the time within which 95 % lie; null without any."""

    median: float | None
    p95: float | None


class InsightFigures(TypedDict):
    """Counts, rates from 0 to 1, and times of a day or of a whole range."""

    messages: int
    recipients: int
    delivered: int
    read: int
    delivered_rate: float | None
    read_rate: float | None
    seconds_to_delivered: TimeSpread
    seconds_to_read: TimeSpread


class DayFigures(InsightFigures):
    """The figures of one UTC day."""

    day: str


InsightsAnswer = TypedDict(
    "InsightsAnswer", {"from": date, "to": date, "total": InsightFigures, "days": list[DayFigures]}
)

_COUNTS = ("messages", "recipients", "delivered", "read")


def insights(
    *, since: date, until: date, sender_id: int | None = None, conversation_id: int | None = None
) -> InsightsAnswer:
    """Rates and times by UTC day, from ``since`` to ``until``, both days included.

    For the messages of one sender or of everybody, in one conversation or in all. Times are in
    seconds; a rate is a share of recipients from 0 to 1, or null without recipients.
    """
    scope = _Scope(since, until, sender_id, conversation_id)
    by_day = _by_day(scope.rows(_BY_DAY.format(spread=_SPREAD[connection.vendor])))
    whole = by_day.pop(None, {})
    for name in _COUNTS:
        whole[name] = sum(day.get(name, 0) for day in by_day.values())
    return {
        "from": since,
        "to": until,
        "total": _shape(whole),
        "days": [{"day": day, **_shape(by_day[day])} for day in sorted(by_day)],
    }


def times_to_read(
    *, since: date, until: date, conversation_id: int | None = None
) -> list[tuple[str, int]]:
    """The number of reads, of everybody's messages, in each bucket of ``READ_WITHIN``."""
    whens = " ".join(
        f"WHEN to_read < {most} THEN {place}" for place, (most, _) in enumerate(READ_WITHIN) if most
    )
    found = _Scope(since, until, None, conversation_id).rows(
        f""" SELECT CASE {whens} ELSE {len(READ_WITHIN) - 1} END AS bucket, COUNT(*)
               FROM spent WHERE to_read IS NOT NULL GROUP BY bucket"""
    )
    counts = dict(found)
    return [(label, counts.get(place, 0)) for place, (_, label) in enumerate(READ_WITHIN)]


@dataclass(frozen=True)
class _Scope:
    """The messages that are measured: by sender, days, and conversation."""

    since: date
    until: date
    sender_id: int | None
    conversation_id: int | None

    def rows(self, wanted: str) -> list[tuple[Any, ...]]:
        """The rows of a statement over the scope's ``sent`` and ``spent``."""
        params = {
            "since": _midnight(self.since),
            "until": _midnight(self.until + timedelta(days=1)),
            "sender": self.sender_id,
            "conversation": self.conversation_id,
        }
        return fetch_rows(self._spent() + wanted, params)

    def _spent(self) -> str:
        words = _DIALECT[connection.vendor]
        scope = _OF_SENDER if self.sender_id is not None else ""
        if self.conversation_id is not None:
            scope += " AND conversation_id = %(conversation)s"
        return _SPENT.format(
            day=words["day"].format("created_at"),
            to_delivered=words["seconds"].format("status.sent_at", "status.delivered_at"),
            to_read=words["seconds"].format("status.sent_at", "status.read_at"),
            scope=scope,
            kept="" if scope else _EVERYBODY_KEPT,
        )


def _by_day(rows: Iterable[tuple[Any, ...]]) -> dict[Any, dict[str, Any]]:
    """The rows of each day in one dict; the key of the whole range is None."""
    days: dict[Any, dict[str, Any]] = {}
    for day, what, *counts, median, p95 in rows:
        found = days.setdefault(str(day) if day is not None else None, {})
        if what == "counts":
            found |= {name: int(count) for name, count in zip(_COUNTS, counts, strict=True)}
        else:
            found[f"seconds_to_{what}"] = {"median": round(median, 3), "p95": round(p95, 3)}
    return days


def _shape(found: dict[str, Any]) -> InsightFigures:
    recipients = found["recipients"]
    nothing: TimeSpread = {"median": None, "p95": None}
    return {
        "messages": found["messages"],
        "recipients": recipients,
        "delivered": found["delivered"],
        "read": found["read"],
        "delivered_rate": round(found["delivered"] / recipients, 4) if recipients else None,
        "read_rate": round(found["read"] / recipients, 4) if recipients else None,
        "seconds_to_delivered": found.get("seconds_to_delivered", nothing),
        "seconds_to_read": found.get("seconds_to_read", nothing),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
