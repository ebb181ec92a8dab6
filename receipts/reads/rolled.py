"""Insights from the rollup: figures of days that are over, corrected by what has changed since.

One statement, so that all of it is of one moment: the stored figures, less those of conversations
and days that have changed since, and the messages of these and of younger days as they are now
(docs/decisions/0027).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from receipts.reads.figures import (
    COLUMNS,
    COUNTED,
    INCLUDED_SQL,
    SENT_COLUMNS,
    SUMS_SQL,
    MessageFigures,
    joined_sql,
    messages_sql,
    times_sql,
)
from receipts.sql.distributed import is_distributed
from receipts.sql.run import fetch_rows
from receipts.sql.times import day_sql, of_day_sql

#: Conversations and days whose stored figures do not count: changed, or of a deleted conversation.
_STALE = """
    stale AS MATERIALIZED (
        SELECT day, conversation_id FROM receipts_insightschange
         WHERE day >= %(first)s AND day < %(rolled_before)s{of}
         UNION
        SELECT day, conversation_id FROM receipts_insightspart
         WHERE conversation_id IN (SELECT deleted.id FROM chat_conversation AS deleted
                                    WHERE deleted.deleted_at IS NOT NULL)
           AND day >= %(first)s AND day < %(rolled_before)s{of}
    )"""
#: The messages that are counted now: of young days, and of what is stale.
_SENT = """
    sent AS (
        SELECT {day} AS day, {columns} FROM chat_message
         WHERE {included} AND created_at >= %(young)s AND created_at < %(until)s{scope}
         UNION ALL
        SELECT stale.day, {columns} FROM {stale}
    )"""
_OF_STALE = "chat_message.conversation_id = stale.conversation_id"
_NOW = """
    SELECT 1, day, {sums}, NULL, NULL FROM sent GROUP BY day
     UNION ALL
    SELECT 0, day, 0, 0, 0, 0, delivered, read FROM ({times}) AS timed"""
_OF_RANGE = "day >= %(first)s AND day < %(rolled_before)s"

#: Of everybody: whole days, less what is stale of them.
_DAYS = f"""
    SELECT 1, day, {", ".join(COLUMNS)} FROM receipts_insightsday WHERE {_OF_RANGE}
     UNION ALL
    SELECT -1, day, {{sums}} FROM receipts_insightspart
     WHERE (conversation_id, day) IN (SELECT conversation_id, day FROM stale) GROUP BY day"""
#: Of a sender or a conversation: their parts, without those that are stale.
_PARTS = f"""
    SELECT 1, day, {{sums}} FROM receipts_insightspart
     WHERE {_OF_RANGE}{{scope}}
       AND NOT EXISTS (SELECT 1 FROM stale
                        WHERE stale.conversation_id = receipts_insightspart.conversation_id
                          AND stale.day = receipts_insightspart.day)
     GROUP BY day"""


def rolled_before() -> date | None:
    """The first day that is not rolled up; None if none is.

    Distributed tables have no notes, so that a rollup from before does not count.
    """
    if is_distributed():
        return None
    found = fetch_rows("SELECT rolled_before FROM receipts_insightshorizon")
    return date.fromisoformat(str(found[0][0])) if found else None


def figures_by_day(
    *, of_conversations: str, scope: str, params: dict[str, Any]
) -> dict[str, MessageFigures]:
    """The figures of each day, by its ISO text; a day of nothing may be in it.

    ``scope`` is SQL of the messages and parts that count, with ``{0}`` before each column,
    ``of_conversations`` of the conversations in which they are; both begin with AND, or are empty
    for everybody. Parameters: those of both,
    ``first`` and ``rolled_before``, the rolled-up days, ``young`` and ``until``, the times from
    which and up to which messages are counted now.
    """
    sums = ", ".join(
        [*(f"SUM({count})" for count in COUNTED), joined_sql("to_delivered"), joined_sql("to_read")]
    )
    stored = (_PARTS if scope else _DAYS).format(sums=sums, scope=scope.format(""))
    of_messages = scope.format("chat_message.")
    of_day = of_day_sql("chat_message.created_at", "stale.day")
    sent = _SENT.format(
        day=day_sql("created_at"),
        columns=SENT_COLUMNS,
        included=INCLUDED_SQL,
        scope=of_messages,
        stale=messages_sql("stale", f"{_OF_STALE} AND {of_day}{of_messages}"),
    )
    now = _NOW.format(sums=SUMS_SQL, times=times_sql())
    statement = f"WITH {_STALE.format(of=of_conversations)}, {sent} {now} UNION ALL {stored}"
    days: dict[str, MessageFigures] = defaultdict(MessageFigures)
    for sign, day, *row in fetch_rows(statement, params):
        if sign:
            days[str(day)].add(row, sign)
        else:
            days[str(day)].add_times(*row[-2:])
    return days
