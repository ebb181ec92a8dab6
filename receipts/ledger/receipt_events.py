"""Which events a change of rows publishes, written by the statement or transaction of the change.

A changed row is not an event by itself. A sender gets one if what the recipient list shows of
the row differs before and after; an untracked message shows nothing (rule 15). Readers get one for
their own devices if a row was marked read or unread, privately or not. No one else gets one. Both
events of one row are one row of the feed, with ``is_own_read`` (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from receipts.ledger.announcing import (
    MESSAGES_NAMED,
    NO_MESSAGES,
    NOW_SQL,
    WRITTEN_COLUMNS,
    written_by_sql,
)
from receipts.models import EventKind
from receipts.rules.status import STATE_BY_TIME, STATE_SQL
from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL

#: A group's messages in the order of time. PostgreSQL aggregates once for both columns below;
#: descending took as long as all else here, since the rows come sorted by id. SQLite has no arrays.
_BY_TIME = "sent_at, message_id"
_IN_ORDER = f"(array_agg(message_id ORDER BY {_BY_TIME}))"
_NEWEST = {
    "postgresql": f"to_jsonb({_IN_ORDER}[GREATEST(COUNT(*) - {MESSAGES_NAMED - 1}, 1) : COUNT(*)])",
    "sqlite": f"json_group_array(message_id) FILTER (WHERE place <= {MESSAGES_NAMED})",
}
_FIRST = {"postgresql": f"{_IN_ORDER}[1]", "sqlite": "MIN(first)"}
_ONE_MESSAGE = {
    "postgresql": "jsonb_build_array(message_id)",
    "sqlite": "json_array(message_id)",
}
_GROUP = "sender_id, conversation_id, recipient_id, state, is_delivery"
_PLACE = {
    "postgresql": "",
    "sqlite": f""",
               ROW_NUMBER() OVER (PARTITION BY {{group}}
                                  ORDER BY sent_at DESC, message_id DESC) AS place,
               FIRST_VALUE(message_id) OVER (PARTITION BY {{group}} ORDER BY {_BY_TIME})
                   AS first""",
}
#: The time of the state that the recipient list shows.
_MARKED_AT = f"COALESCE({', '.join(STATE_BY_TIME)})"
#: SQL condition: the values of two columns differ, to or from NULL included.
_DISTINCT = {"postgresql": "{0} IS DISTINCT FROM {1}", "sqlite": "{0} IS NOT {1}"}
#: The columns that the recipient list shows. ``seen_at`` is private to the recipient (rule 13);
#: a constraint allows ``content`` only with a disclosed read.
_DISCLOSED = (*STATE_BY_TIME, "content")
_SEEN_OR_NOT = "(seen_at IS NULL) <> (was_seen_at IS NULL)"
#: A row that was withdrawn counts again, since its recipient's account is active again (rule 2).
_RETURNED = "was_withdrawn_at IS NOT NULL AND withdrawn_at IS NULL"
_DELIVERED_AGAIN = f"({_RETURNED} AND delivered_at IS NOT NULL)"
_UNREAD_AGAIN = f"({_RETURNED} AND seen_at IS NULL)"


def announce_changed(changed: str, columns: Iterable[str], *, of_one: bool = False) -> str:
    """INSERT: the events of the rows in ``changed``, given before and after the change."""
    events = events_of_changed(changed, columns, of_one=of_one)
    return f"INSERT INTO receipts_receiptevent ({WRITTEN_COLUMNS}) {events}"


def events_of_changed(changed: str, columns: Iterable[str], *, of_one: bool) -> str:
    """SELECT: the events of the rows in ``changed``, whose ``columns`` change.

    One for each sender, recipient, conversation and new state of rows, and reason of failures.
    ``of_one``: there is at most one row, so there is at most one event.
    """
    columns = {*columns}
    own_read = _own_read_sql(columns)
    if of_one:
        return _of_one_row(changed, columns, own_read)
    receipts = _receipts(changed, columns)
    return f"{receipts} UNION ALL {_own_reads(changed, own_read)}" if own_read else receipts


def _differs(column: str) -> str:
    return _DISTINCT[connection.vendor].format(column, f"was_{column}")


def _shown_sql(columns: set[str]) -> str:
    """SQL condition: what the recipient list shows of the row changes."""
    shown = [*_DISCLOSED, *(["failure_reason"] if _has_reasons(columns) else ())]
    differs = " OR ".join(_differs(column) for column in shown if column in columns)
    return f"(tracking = 'tracked' AND ({differs or 'FALSE'}))"


def _has_reasons(columns: set[str]) -> bool:
    """Whether rows may have a reason of failure afterwards: a mark ends the failure."""
    return "failure_reason" in columns and "delivered_at" not in columns


def _delivery_sql(columns: set[str]) -> str:
    """SQL condition: a new delivery is part of the change."""
    again = f" OR {_DELIVERED_AGAIN}" if "withdrawn_at" in columns else ""
    return f"({_differs('delivered_at')}{again})"


def _own_read_sql(columns: set[str]) -> str:
    """SQL condition: the recipient has one unread message more or less; empty if none can have."""
    news = [_SEEN_OR_NOT] if "seen_at" in columns else []
    if "withdrawn_at" in columns:
        news.append(_UNREAD_AGAIN)
    return f"(({' OR '.join(news)}) AND withdrawn_at IS NULL)" if news else ""


def _of_one_row(changed: str, columns: set[str], own_read: str) -> str:
    """SELECT: the event of one row: to the sender, and if it is an own read, to the reader, too.

    To the reader alone where the list shows no change.
    """
    either = "CASE WHEN is_shown THEN {} ELSE {} END" if own_read else "{}"
    kind = either.format(*map(_text, (EventKind.RECEIPT_UPDATED, EventKind.CONVERSATION_READ)))
    audience = either.format("sender_id", "recipient_id")
    state, first = either.format(STATE_SQL, "NULL"), either.format("message_id", "NULL")
    is_delivery = f"is_shown AND {_delivery_sql(columns)}"
    messages = either.format(_ONE_MESSAGE[connection.vendor], NO_MESSAGES[connection.vendor])
    marked_at = either.format(_MARKED_AT, "NULL")
    reason = "failure_reason" if _has_reasons(columns) else NULL_TEXT_SQL
    return f"""
        SELECT {written_by_sql()}, {kind}, {audience}, conversation_id, recipient_id, {state},
               {is_delivery}, is_shown AND is_own_read, {messages}, 1, {first}, {marked_at},
               {reason}, {NOW_SQL[connection.vendor]}
          FROM (SELECT *, {_shown_sql(columns)} AS is_shown, {own_read or "FALSE"} AS is_own_read
                  FROM {changed} AS changed) AS told
         WHERE is_shown OR is_own_read"""


def _text(kind: EventKind) -> str:
    return f"'{kind.value}'"


def _receipts(changed: str, columns: set[str]) -> str:
    """SELECT: the events to senders."""
    vendor, group, reason = connection.vendor, _GROUP, NULL_TEXT_SQL
    if _has_reasons(columns):
        group, reason = f"{_GROUP}, failure_reason", "failure_reason"
    told = f"""
                SELECT sender_id, conversation_id, recipient_id, message_id, sent_at,
                       {STATE_SQL} AS state, {_MARKED_AT} AS marked_at, {reason} AS failure_reason,
                       {_delivery_sql(columns)} AS is_delivery
                  FROM {changed} AS told WHERE {_shown_sql(columns)}"""
    return f"""
        SELECT {written_by_sql()}, {_text(EventKind.RECEIPT_UPDATED)}, sender_id, conversation_id,
               recipient_id, state, is_delivery, FALSE, {_NEWEST[vendor]}, COUNT(*),
               {_FIRST[vendor]}, MAX(marked_at), {reason}, {NOW_SQL[vendor]}
          FROM (SELECT *{_PLACE[vendor].format(group=group)} FROM ({told}) AS told) AS told
         GROUP BY {group}"""


def _own_reads(changed: str, own_read: str) -> str:
    """SELECT: the events to readers' own devices."""
    vendor = connection.vendor
    return f"""
        SELECT {written_by_sql()}, {_text(EventKind.CONVERSATION_READ)}, recipient_id,
               conversation_id, recipient_id, NULL, FALSE, FALSE, {NO_MESSAGES[vendor]}, COUNT(*),
               CAST(NULL AS bigint), {NULL_TIME_SQL}, {NULL_TEXT_SQL}, {NOW_SQL[vendor]}
          FROM {changed} AS seen WHERE {own_read} GROUP BY recipient_id, conversation_id"""
