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
#: SQL condition: ``status`` counts, and was delivered.
_TIMED = "status.withdrawn_at IS NULL AND status.delivered_at IS NOT NULL"
#: Of included messages in ``sent``: their rows that count, those that were delivered.
TIMED_SQL = f"""sent JOIN receipts_messagestatus AS status
            ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
         WHERE {_TIMED}"""
#: What of them counts, in the order of ``COUNTED``.
SUMS_SQL = """COUNT(*) AS messages, SUM(recipient_count) AS recipients,
               SUM(delivered_count) AS delivered, SUM(read_count) AS read"""

_JOINED = {
    "postgresql": "string_agg(CAST({0} AS text), ',')",
    "sqlite": "group_concat({0}, ',')",
}


def joined_sql(texts: str) -> str:
    """SQL: the sum of histograms, which are texts that may be empty."""
    return _JOINED[connection.vendor].format(f"NULLIF({texts}, '')")


def seconds_of_row_sql() -> dict[str, str]:
    """SQL: the seconds that a row of ``status`` took to be delivered and to be read, or null.

    Where nothing but a read tells of a delivery, its time is the read's: then nobody knows when it
    was (docs/decisions/0036). Only disclosed reads are looked at.
    """
    ends = {"delivered": "NULLIF(status.delivered_at, status.read_at)", "read": "status.read_at"}
    return {f"to_{name}": seconds_sql("status.sent_at", end) for name, end in ends.items()}


#: The rows of ``sent`` that were delivered, each with its two times in seconds, which are computed
#: once. PostgreSQL searches them by key: it underestimates them, and may read whole tables to find
#: those of one day. IS TRUE as in ``receipts.upkeep.checking``.
_ROWS = {
    "postgresql": """sent CROSS JOIN LATERAL (
            SELECT {to_delivered} AS to_delivered, {to_read} AS to_read
              FROM receipts_messagestatus AS status
             WHERE status.message_id = sent.id
               AND (status.conversation_id = sent.conversation_id) IS TRUE AND {timed}
            OFFSET 0) AS spent""",
    "sqlite": """(
           SELECT sent.*, {to_delivered} AS to_delivered, {to_read} AS to_read
             FROM sent JOIN receipts_messagestatus AS status
               ON status.message_id = sent.id AND status.conversation_id = sent.conversation_id
              AND {timed}) AS spent""",
}
_MESSAGES = {
    "postgresql": """{0} CROSS JOIN LATERAL (
            SELECT * FROM chat_message WHERE {1} OFFSET 0) AS chat_message""",
    "sqlite": "{0} JOIN chat_message ON {1}",
}


def _rows() -> str:
    return _ROWS[connection.vendor].format(**seconds_of_row_sql(), timed=_TIMED)


def messages_sql(relation: str, where: str) -> str:
    """SQL: a relation joined with the included messages for which ``where`` holds."""
    return _MESSAGES[connection.vendor].format(relation, f"{where} AND {INCLUDED_SQL}")


def times_sql() -> str:
    """SELECT: the day, and the buckets of the single times of the rows of ``sent``.

    They are counted outside: PostgreSQL would sort them.
    """
    delivered, read = (
        _JOINED[connection.vendor].format(bucket_sql(f"to_{state}"))
        for state in ("delivered", "read")
    )
    return f"""
        SELECT day, {delivered} AS delivered, {read} AS read FROM {_rows()} GROUP BY day"""


def histograms_sql(by: str) -> str:
    """SELECT: the histograms of the rows of ``sent``, grouped by some of its columns."""
    pair = _JOINED[connection.vendor].format("bucket || ',' || times")
    return f"""
        SELECT {by}, {pair} FILTER (WHERE is_read = 0) AS to_delivered,
               {pair} FILTER (WHERE is_read = 1) AS to_read
          FROM (SELECT {by}, is_read, {bucket_sql("seconds")} AS bucket, COUNT(*) AS times
                  FROM (SELECT {by}, is_read,
                               CASE is_read WHEN 0 THEN to_delivered ELSE to_read END AS seconds
                          FROM {_rows()}
                         CROSS JOIN (SELECT 0 AS is_read UNION ALL SELECT 1) AS kind) AS single
                 WHERE seconds IS NOT NULL
                 GROUP BY {by}, is_read, bucket) AS counted
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

    def columns(self) -> tuple[Any, ...]:
        """The ``COLUMNS`` of these figures, as they are stored."""
        return (*self.counts, str(self.to_delivered), str(self.to_read))
