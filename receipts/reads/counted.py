"""Insights by counting: from the messages of a range and their rows, one statement for all."""

from __future__ import annotations

from typing import Any

from django.db import connection

from receipts.reads.figures import (
    COUNTED,
    INCLUDED_SQL,
    SENT_COLUMNS,
    SUMS_SQL,
    TIMED_SQL,
    seconds_of_row_sql,
)
from receipts.reads.histograms import READ_WITHIN, place_sql
from receipts.reads.scopes import InsightsScope
from receipts.sql.run import fetch_rows
from receipts.sql.times import day_sql

#: The messages of a range, and the seconds that each of their rows took.
_SPENT = """
    WITH sent AS {kept} (
        SELECT {day} AS day, {columns} FROM chat_message
         WHERE {included} AND created_at >= %(since)s AND created_at < %(until)s{scope}
    ), spent AS (
        SELECT sent.day, {to_delivered} AS to_delivered, {to_read} AS to_read
          FROM {timed}
    )"""

#: Of everybody, the messages are read twice: while the rows of a CTE are kept, PostgreSQL reads the
#: status rows, which are many more, in one process.
_EVERYBODY_KEPT = "NOT MATERIALIZED"

_BY_DAY = """, spread AS ({spread})
    SELECT day, 'counts' AS what, {sums}, NULL, NULL FROM sent GROUP BY day
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


def counted_by_day(
    scope: InsightsScope, params: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The figures of each day, by its ISO text, and the percentiles of the whole range.

    Parameters: ``since`` and ``until``, between which the messages were sent.
    """
    by_day = _BY_DAY.format(sums=SUMS_SQL, spread=_SPREAD[connection.vendor])
    days: dict[Any, dict[str, Any]] = {}
    found_rows = fetch_rows(_spent(scope) + by_day, scope.params | params)
    for day, what, *counts, median, p95 in found_rows:
        found = days.setdefault(str(day) if day is not None else None, {})
        if what == "counts":
            found |= {name: int(count) for name, count in zip(COUNTED, counts, strict=True)}
        else:
            found[f"seconds_to_{what}"] = {"median": round(median, 3), "p95": round(p95, 3)}
    whole = days.pop(None, {})
    return days, whole


def counted_by_place(scope: InsightsScope, params: dict[str, Any]) -> list[int]:
    """The number of reads in each bucket of ``READ_WITHIN``."""
    found = fetch_rows(
        f"""{_spent(scope)}
            SELECT {place_sql("to_read")} AS place, COUNT(*)
              FROM spent WHERE to_read IS NOT NULL GROUP BY place""",
        scope.params | params,
    )
    counts = dict(found)
    return [counts.get(place, 0) for place in range(len(READ_WITHIN))]


def _spent(scope: InsightsScope) -> str:
    return _SPENT.format(
        kept=_EVERYBODY_KEPT if scope.of_everything else "",
        day=day_sql("created_at"),
        columns=SENT_COLUMNS,
        included=INCLUDED_SQL,
        scope=scope.of_messages("chat_message."),
        timed=TIMED_SQL,
        **seconds_of_row_sql(),
    )
