"""Parts as they are now, counted from messages and rows, and the sums that they are in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection

from receipts.models import (
    InsightsConversationDay,
    InsightsDay,
    InsightsPart,
    InsightsSenderDay,
)
from receipts.models.insights import InsightsFigures
from receipts.reads.figures import (
    COLUMNS,
    SENT_COLUMNS,
    SUMS_SQL,
    MessageFigures,
    histograms_sql,
    messages_sql,
)
from receipts.sql.times import of_day_sql

#: A row of the database: what figures are named by, or their ``COLUMNS``, or both.
Row = tuple[Any, ...]

#: What a part is named by.
PART_NAMES = ("day", "conversation_id", "sender_id")
#: The sums of parts, each with those of the names that it is by.
SUMS: dict[type[InsightsFigures], tuple[str, ...]] = {
    InsightsConversationDay: ("day", "conversation_id"),
    InsightsSenderDay: ("day", "sender_id"),
    InsightsDay: ("day",),
}
#: All figures that are stored.
FIGURES: tuple[type[InsightsFigures], ...] = (InsightsPart, *SUMS)

_BY = ", ".join(PART_NAMES)
_NOW = """
      WITH sent AS (
        SELECT wanted.day, {sent_columns}
          FROM {messages}
      )
    SELECT counted.*, COALESCE(timed.to_delivered, '') AS to_delivered,
           COALESCE(timed.to_read, '') AS to_read
      FROM (SELECT {by}, {sums} FROM sent GROUP BY {by}) AS counted
      LEFT JOIN ({times}) AS timed ON timed.conversation_id = counted.conversation_id
       AND timed.day = counted.day AND timed.sender_id = counted.sender_id"""
_WANTED = {
    "postgresql": "unnest({arrays}) AS wanted ({names})",
    "sqlite": "(SELECT {values} FROM json_each(%(wanted)s)) AS wanted",
}


def wanted_sql(names: Sequence[str]) -> str:
    """SQL: a relation ``wanted`` with these names, from the parameters of ``wanted_params``."""
    arrays = (f"CAST(%({name})s AS {'date' if name == 'day' else 'bigint'}[])" for name in names)
    values = (f"value ->> {place} AS {name}" for place, name in enumerate(names))
    return _WANTED[connection.vendor].format(
        arrays=", ".join(arrays), names=", ".join(names), values=", ".join(values)
    )


def wanted_params(names: Sequence[str], rows: Sequence[Row]) -> dict[str, object]:
    """The parameters of ``wanted``, with these rows."""
    if connection.vendor == "postgresql":
        return {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return {"wanted": json.dumps(rows, default=str)}


def parts_now_sql(names: Sequence[str]) -> str:
    """SELECT: names and ``COLUMNS`` of the parts of ``wanted``: of days, or of pairs."""
    of_wanted = of_day_sql("chat_message.created_at", "wanted.day")
    if "conversation_id" in names:
        of_wanted += " AND chat_message.conversation_id = wanted.conversation_id"
    return _NOW.format(
        by=_BY,
        sent_columns=SENT_COLUMNS,
        messages=messages_sql(wanted_sql(names), of_wanted),
        sums=SUMS_SQL,
        times=histograms_sql(_BY),
    )


def name_of(part: Row, names: Sequence[str]) -> Row:
    """Some of the names of a part."""
    return as_name(part[PART_NAMES.index(name)] for name in names)


def as_name(values: Iterable[Any]) -> Row:
    """A name as it was given: SQLite may return a day as text."""
    return tuple(date.fromisoformat(each) if isinstance(each, str) else each for each in values)


def summed(signed: Iterable[tuple[int, Row]]) -> Row:
    """Rows of the ``COLUMNS``, each added or subtracted."""
    signed = list(signed)
    if len(signed) == 1 and signed[0][0] == 1:
        return signed[0][1]
    figures = MessageFigures()
    for sign, row in signed:
        figures.add(row, sign)
    return figures.columns()


def figures_in(row: Row) -> Row:
    """The ``COLUMNS`` at the end of a row."""
    return row[-len(COLUMNS) :]
