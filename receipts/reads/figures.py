"""Figures of messages: how many, with how many recipients, and histograms of their times.

What insights include, as SQL, and figures as they are added up: only tracked messages that are not
deleted, only rows that count, and only disclosed reads. A private read has no ``read_at`` to
measure (rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from receipts.reads.histograms import Histogram, bucket_sql
from receipts.rules.deleted import present_sql
from receipts.sql.times import seconds_sql

COUNTED = ("messages", "recipients", "delivered", "read")
#: The figures of messages, as columns of the rollup.
COLUMNS = (*COUNTED, "to_delivered", "to_read")

#: SQL condition: ``chat_message`` is included.
INCLUDED_SQL = f"""tracking = 'tracked' AND deleted_at IS NULL
           AND {present_sql("chat_message.conversation_id")}"""
#: The columns of ``chat_message`` that figures need, besides its day.
SENT_COLUMNS = """chat_message.id, chat_message.conversation_id, sender_id,
               recipient_count, delivered_count, read_count"""
#: Of included messages in ``sent``: their rows that count, those that were delivered.
TIMED_SQL = """sent JOIN receipts_messagestatus AS status
            ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
         WHERE status.withdrawn_at IS NULL AND status.delivered_at IS NOT NULL"""
#: What of them counts, in the order of ``COUNTED``.
SUMS_SQL = "COUNT(*), SUM(recipient_count), SUM(delivered_count), SUM(read_count)"

_JOINED = {
    "postgresql": "string_agg(CAST({0} AS text), ',')",
    "sqlite": "group_concat({0}, ',')",
}


def joined_sql(texts: str) -> str:
    """SQL: the sum of histograms, which are texts that may be empty."""
    return _JOINED[connection.vendor].format(f"NULLIF({texts}, '')")


def spent_sql() -> tuple[str, str]:
    """SQL: the seconds that a row took to delivered and to read, or null.

    Where nothing but a read tells of a delivery, its time is the read's: then nobody knows when it
    was (docs/decisions/0036). Only disclosed reads are looked at.
    """
    reported = "NULLIF(status.delivered_at, status.read_at)"
    return (
        seconds_sql("status.sent_at", reported),
        seconds_sql("status.sent_at", "status.read_at"),
    )


def _buckets() -> tuple[str, str]:
    """SQL: the buckets of a row's times, to delivered and to read."""
    delivered, read = map(bucket_sql, spent_sql())
    return delivered, read


#: The status rows of ``sent`` that count and were delivered, and the messages of another relation.
#: Each is searched by its key: PostgreSQL underestimates them, and may read whole tables to find
#: those of one day. IS TRUE as in ``receipts.upkeep.checking``.
_ROWS = {
    "postgresql": """sent CROSS JOIN LATERAL (
            SELECT sent_at, delivered_at, read_at FROM receipts_messagestatus AS kept
             WHERE kept.message_id = sent.id
               AND (kept.conversation_id = sent.conversation_id) IS TRUE
               AND kept.withdrawn_at IS NULL AND kept.delivered_at IS NOT NULL
            OFFSET 0) AS status""",
    "sqlite": """sent JOIN receipts_messagestatus AS status
              ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
             AND status.withdrawn_at IS NULL AND status.delivered_at IS NOT NULL""",
}
_MESSAGES = {
    "postgresql": """{0} CROSS JOIN LATERAL (
            SELECT * FROM chat_message WHERE {1} OFFSET 0) AS chat_message""",
    "sqlite": "{0} JOIN chat_message ON {1}",
}


def messages_sql(relation: str, where: str) -> str:
    """SQL: a relation joined with the included messages for which ``where`` holds."""
    return _MESSAGES[connection.vendor].format(relation, f"{where} AND {INCLUDED_SQL}")


def times_sql() -> str:
    """SELECT: the day, and the buckets of the single times of the rows of ``sent``.

    They are counted outside: PostgreSQL would sort them.
    """
    delivered, read = (_JOINED[connection.vendor].format(bucket) for bucket in _buckets())
    return f"""
        SELECT sent.day, {delivered} AS delivered, {read} AS read FROM {_ROWS[connection.vendor]}
         GROUP BY sent.day"""


def histograms_sql(by: str) -> str:
    """SELECT: the histograms of the rows of ``sent``, grouped by some of its columns."""
    pair = _JOINED[connection.vendor].format("bucket || ',' || times")
    delivered, read = _buckets()
    columns = ", ".join(f"sent.{column}" for column in by.split(", "))
    return f"""
        SELECT {by}, {pair} FILTER (WHERE is_read = 0) AS to_delivered,
               {pair} FILTER (WHERE is_read = 1) AS to_read
          FROM (SELECT {columns}, kind.is_read,
                       CASE kind.is_read WHEN 0 THEN {delivered} ELSE {read} END AS bucket,
                       COUNT(*) AS times
                  FROM {_ROWS[connection.vendor]}
                 CROSS JOIN (SELECT 0 AS is_read UNION ALL SELECT 1) AS kind
                 WHERE kind.is_read = 0 OR status.read_at IS NOT NULL
                 GROUP BY {columns}, kind.is_read, bucket) AS counted
         GROUP BY {by}"""


@dataclass
class MessageFigures:
    """MessageFigures of some messages."""

    counts: list[int] = field(default_factory=lambda: [0] * len(COUNTED))
    to_delivered: Histogram = field(default_factory=Histogram)
    to_read: Histogram = field(default_factory=Histogram)

    def add(self, row: Iterable[Any], sign: int = 1) -> None:
        """Add a row of the ``COLUMNS``, or subtract it; nulls are nothing."""
        *counts, to_delivered, to_read = row
        self.counts = [
            before + sign * int(count or 0)
            for before, count in zip(self.counts, counts, strict=True)
        ]
        self.to_delivered.add_pairs(to_delivered, sign)
        self.to_read.add_pairs(to_read, sign)

    def add_times(self, to_delivered: str | None, to_read: str | None) -> None:
        """Add single times."""
        self.to_delivered.add_times(to_delivered)
        self.to_read.add_times(to_read)

    def columns(self) -> dict[str, Any]:
        """The ``COLUMNS`` of these figures, as they are stored."""
        texts = str(self.to_delivered), str(self.to_read)
        return dict(zip(COLUMNS, (*self.counts, *texts), strict=True))
