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
from receipts.reads.scopes import TAKES_PART, InsightsScope
from receipts.rules.deleted import present_sql
from receipts.sql.distributed import is_distributed
from receipts.sql.run import fetch_rows
from receipts.sql.times import day_sql, of_day_sql

_OF_RANGE = "{0}day >= %(first)s AND {0}day < %(rolled_before)s"
#: Conversations and days that have changed since: what is stored of them does not count.
_CHANGED = f"""
    changed AS MATERIALIZED (
        SELECT DISTINCT day, conversation_id FROM receipts_insightschange
         WHERE {_OF_RANGE.format("")} AND {present_sql("conversation_id")}{{of_conversations}}
    )"""
#: The messages that are counted now: of young days, and of what has changed.
_SENT = """
    sent AS (
        SELECT {day} AS day, {columns} FROM chat_message
         WHERE {included} AND created_at >= %(young)s AND created_at < %(until)s{scope}
         UNION ALL
        SELECT changed.day, {columns} FROM {changed}
    )"""
_OF_CHANGED = "chat_message.conversation_id = changed.conversation_id"
_NOW = """
    SELECT 1, day, {sums}, NULL, NULL FROM sent GROUP BY day
     UNION ALL
    SELECT 0, day, 0, 0, 0, 0, delivered, read FROM ({times}) AS timed"""

_COLUMNS = ", ".join(COLUMNS)
_SUMS = ", ".join(
    [*(f"SUM({count})" for count in COUNTED), joined_sql("to_delivered"), joined_sql("to_read")]
)

#: Whole days of everybody or of a sender, less what of them has changed or does not count at all,
#: because the conversation is deleted or the sender has left it: ``lost``.
_SUM_LESS = f"""
    SELECT 1, day, {_COLUMNS} FROM {{days}} WHERE {_OF_RANGE.format("")}{{of_sender}}
     UNION ALL
    SELECT -1, day, {_SUMS} FROM (
        SELECT part.day, {_COLUMNS} FROM changed JOIN {{parts}} AS part
            ON part.conversation_id = changed.conversation_id
           AND part.day = changed.day{{of_sender}}
         UNION ALL
        SELECT part.day, {_COLUMNS} FROM {{lost}} AS lost JOIN {{parts}} AS part
            ON part.conversation_id = lost.id{{of_sender}} AND {_OF_RANGE.format("part.")}
    ) AS less GROUP BY day"""
_DELETED = "(SELECT id FROM chat_conversation WHERE deleted_at IS NOT NULL)"
#: The conversations of a sender's parts are found one after the other, by an index.
_NOT_THEIRS = f"""(
        WITH RECURSIVE theirs (id) AS (
            SELECT MIN(conversation_id) FROM receipts_insightspart WHERE sender_id = %(sender)s
             UNION ALL
            SELECT (SELECT MIN(conversation_id) FROM receipts_insightspart
                     WHERE sender_id = %(sender)s AND conversation_id > theirs.id)
              FROM theirs WHERE theirs.id IS NOT NULL
        )
        SELECT id FROM theirs
         WHERE id IS NOT NULL AND NOT ({TAKES_PART.format("id")} AND {present_sql("id")}))"""

#: The days of a conversation, or of a sender in it, without those that have changed.
_DAYS_BUT = f"""
    SELECT 1, day, {_COLUMNS} FROM {{days}} AS stored
     WHERE {_OF_RANGE.format("")}{{scope}} AND {present_sql("conversation_id")}
       AND NOT EXISTS (SELECT 1 FROM changed WHERE changed.day = stored.day)"""


def rolled_before() -> date | None:
    """The first day that is not rolled up; None if none is.

    Distributed tables have no notes, so that a rollup from before does not count.
    """
    if is_distributed():
        return None
    found = fetch_rows("SELECT rolled_before FROM receipts_insightshorizon")
    return date.fromisoformat(str(found[0][0])) if found else None


def figures_by_day(scope: InsightsScope, params: dict[str, Any]) -> dict[str, MessageFigures]:
    """The figures of each day, by its ISO text; a day of nothing may be in it.

    Parameters: ``first`` and ``rolled_before``, the rolled-up days, ``young`` and ``until``, the
    times from which and up to which messages are counted now.
    """
    of_day = of_day_sql("chat_message.created_at", "changed.day")
    changed = _CHANGED.format(of_conversations=scope.of_conversations())
    sent = _SENT.format(
        day=day_sql("created_at"),
        columns=SENT_COLUMNS,
        included=INCLUDED_SQL,
        scope=scope.of_messages("chat_message."),
        changed=messages_sql(
            "changed", f"{_OF_CHANGED} AND {of_day}{scope.of_sender('chat_message.')}"
        ),
    )
    now = _NOW.format(sums=SUMS_SQL, times=times_sql())
    statement = f"WITH {changed}, {sent} {now} UNION ALL {_stored(scope)}"
    days: dict[str, MessageFigures] = defaultdict(MessageFigures)
    for sign, day, *row in fetch_rows(statement, scope.params | params):
        if sign:
            days[str(day)].add(row, sign)
        else:
            days[str(day)].add_times(*row[-2:])
    return days


def _stored(scope: InsightsScope) -> str:
    if scope.conversation_id is not None:
        days = "conversationday" if scope.sender_id is None else "part"
        return _DAYS_BUT.format(days=f"receipts_insights{days}", scope=scope.of_messages())
    if scope.sender_id is None:
        days, parts, lost = "day", "conversationday", _DELETED
    else:
        days, parts, lost = "senderday", "part", _NOT_THEIRS
    return _SUM_LESS.format(
        days=f"receipts_insights{days}",
        parts=f"receipts_insights{parts}",
        lost=lost,
        of_sender=scope.of_sender(),
    )
