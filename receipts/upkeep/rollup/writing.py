"""Writing the figures of days, and of conversations on days, as they are now.

The parts are written by one statement, and summed up into their days. Figures are deleted before
they are written again, so a day changes by what is written less what was there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from django.db import connection

from receipts.models import InsightsDay
from receipts.reads.figures import (
    COLUMNS,
    SENT_COLUMNS,
    SUMS_SQL,
    MessageFigures,
    histograms_sql,
    messages_sql,
)
from receipts.sql.run import execute, fetch_rows
from receipts.sql.times import of_day_sql

#: A conversation and a day.
Pair = tuple[date, int]

_RETURNING = f"RETURNING day, {', '.join(COLUMNS)}"
_BY = "day, conversation_id, sender_id"

_WRITE = """
    INSERT INTO receipts_insightspart ({by}, {columns})
      WITH sent AS (
        SELECT wanted.day, {sent_columns}
          FROM {messages}
      )
    SELECT counted.*, COALESCE(timed.to_delivered, ''), COALESCE(timed.to_read, '')
      FROM (SELECT {by}, {sums} FROM sent GROUP BY {by}) AS counted
      LEFT JOIN ({times}) AS timed ON timed.conversation_id = counted.conversation_id
       AND timed.day = counted.day AND timed.sender_id = counted.sender_id
    {returning}"""

#: The relation ``wanted``: one day, or pairs.
_DAY = {
    "postgresql": "(SELECT CAST(%(day)s AS date) AS day) AS wanted",
    "sqlite": "(SELECT %(day)s AS day) AS wanted",
}
_PAIRS = {
    "postgresql": """unnest(CAST(%(days)s AS date[]), CAST(%(conversations)s AS bigint[]))
               AS wanted (day, conversation_id)""",
    "sqlite": """(SELECT value ->> 0 AS day, value ->> 1 AS conversation_id
                   FROM json_each(%(pairs)s)) AS wanted""",
}


def write_day(day: date) -> int:
    """Write the figures of a day, of which there are none; return how many messages."""
    params = {"day": day if connection.vendor == "postgresql" else str(day)}
    of_day = of_day_sql("chat_message.created_at", "wanted.day")
    return _change_days([(1, row) for row in _written(_DAY[connection.vendor], of_day, params)])


def delete_day(day: date) -> None:
    """Delete the figures of a day, and the notes of its changes."""
    for table in ("receipts_insightschange", "receipts_insightspart", "receipts_insightsday"):
        execute(f"DELETE FROM {table} WHERE day = %(day)s", {"day": str(day)})


def write_pairs(pairs: Collection[Pair]) -> None:
    """Write the figures of conversations on days again, and change those of the days."""
    params = {
        "days": [day for day, _ in pairs],
        "conversations": [conversation for _, conversation in pairs],
        "pairs": json.dumps([[str(day), conversation] for day, conversation in pairs]),
    }
    wanted = _PAIRS[connection.vendor]
    before = fetch_rows(
        f"""DELETE FROM receipts_insightspart WHERE (conversation_id, day) IN (
                   SELECT wanted.conversation_id, wanted.day FROM {wanted}) {_RETURNING}""",
        params,
    )
    of_pair = (
        "chat_message.conversation_id = wanted.conversation_id"
        f" AND {of_day_sql('chat_message.created_at', 'wanted.day')}"
    )
    after = _written(wanted, of_pair, params)
    _change_days([*((-1, row) for row in before), *((1, row) for row in after)])


def _written(wanted: str, of_wanted: str, params: Mapping[str, object]) -> list[tuple[object, ...]]:
    statement = _WRITE.format(
        by=_BY,
        columns=", ".join(COLUMNS),
        sent_columns=SENT_COLUMNS,
        messages=messages_sql(wanted, of_wanted),
        sums=SUMS_SQL,
        times=histograms_sql(_BY),
        returning=_RETURNING,
    )
    return fetch_rows(statement, params)


def _change_days(rows: list[tuple[int, tuple[object, ...]]]) -> int:
    """Add rows to the figures of their days, or subtract them; return how many messages more."""
    changes: dict[str, MessageFigures] = defaultdict(MessageFigures)
    for sign, (day, *row) in rows:
        changes[str(day)].add(row, sign)
    stored = {str(each.day): each for each in InsightsDay.objects.filter(day__in=changes)}
    for day, figures in changes.items():
        if day in stored:
            figures.add([getattr(stored[day], column) for column in COLUMNS])
        InsightsDay.objects.update_or_create(day=day, defaults=figures.columns())
    return sum(figures.counts[0] for figures in changes.values())
