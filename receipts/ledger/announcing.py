"""Which events a change publishes, written by the statement or the transaction of the change.

A changed row is not an event by itself. A sender gets one if what the recipient list shows of
the row differs before and after; an untracked message shows nothing (rule 15). Readers get one for
their own devices if a row was marked read or unread, privately or not. No one else gets one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.db import connection

from chat.sql.prepared import fetch_prepared
from receipts.models import ACCOUNT_CLOSED, EventKind
from receipts.rules.status import STATE_BY_TIME, STATE_SQL
from receipts.sql.distributed import is_distributed
from receipts.sql.nodes import BEACONS, node_sql
from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL
from receipts.sql.run import execute

#: An event lists at most this many of its messages; of more, it has the number and the first.
MESSAGES_NAMED = 20

WRITTEN_COLUMNS = (
    "node, xid, kind, audience_id, conversation_id, actor_id, state, is_delivery,"
    " messages, message_count, first_message, marked_at, reason, created_at"
)
_COLUMNS_WITHOUT_MESSAGES = (
    "node, xid, kind, audience_id, conversation_id, is_delivery, messages, message_count,"
    " created_at"
)
_XID = {
    "postgresql": "CAST(CAST(pg_current_xact_id() AS text) AS bigint)",
    "sqlite": "0",
}


def _written_by() -> str:
    """SQL: the node and the transaction that write an event.

    Citus evaluates it where the rows lie that the statement reads, but for ``VALUES`` on the
    coordinator.
    """
    return f"{node_sql()}, {_XID[connection.vendor]}"


#: Now, to the millisecond at least.
_NOW = {
    "postgresql": "statement_timestamp()",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
}
#: A group's messages in the order of time. PostgreSQL aggregates once for both columns below;
#: descending took as long as all else here, since the rows come sorted by id. SQLite has no arrays.
_BY_TIME = "sent_at, message_id"
_IN_ORDER = f"(array_agg(message_id ORDER BY {_BY_TIME}))"
_NEWEST = {
    "postgresql": f"to_jsonb({_IN_ORDER}[GREATEST(COUNT(*) - {MESSAGES_NAMED - 1}, 1) : COUNT(*)])",
    "sqlite": f"json_group_array(message_id) FILTER (WHERE place <= {MESSAGES_NAMED})",
}
_FIRST = {"postgresql": f"{_IN_ORDER}[1]", "sqlite": "MIN(first)"}
_JSON = {"postgresql": "jsonb", "sqlite": "text"}
_NO_MESSAGES = {"postgresql": "CAST('[]' AS jsonb)", "sqlite": "'[]'"}
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


def _differs(column: str) -> str:
    """SQL condition, portable: the column's value changed, to or from NULL included."""
    return f"({column} <> was_{column} OR ({column} IS NULL) <> (was_{column} IS NULL))"


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
    ``of_one``: there is at most one row, so nothing has to be grouped.
    """
    columns = {*columns}
    parts = [_receipts(changed, columns, of_one=of_one)]
    if columns & {"seen_at", "withdrawn_at"}:
        parts.append(_own_reads(changed, columns, of_one=of_one))
    return " UNION ALL ".join(parts)


def _receipts(changed: str, columns: set[str], *, of_one: bool) -> str:
    """SELECT: the events to senders."""
    vendor, is_delivery = connection.vendor, _differs("delivered_at")
    if "withdrawn_at" in columns:
        is_delivery += f" OR {_DELIVERED_AGAIN}"
    disclosed, group, reason = _DISCLOSED, _GROUP, NULL_TEXT_SQL
    if "failure_reason" in columns and "delivered_at" not in columns:
        # Else a mark ends the failure, and no row has a reason any more.
        disclosed, group, reason = (
            (*_DISCLOSED, "failure_reason"),
            f"{_GROUP}, failure_reason",
            "failure_reason",
        )
    differs = " OR ".join(_differs(column) for column in disclosed if column in columns) or "FALSE"
    told = f"""
                SELECT sender_id, conversation_id, recipient_id, message_id, sent_at,
                       {STATE_SQL} AS state, {_MARKED_AT} AS marked_at, {reason} AS failure_reason,
                       COALESCE({is_delivery}, FALSE) AS is_delivery
                  FROM {changed} AS told WHERE tracking = 'tracked' AND ({differs})"""
    if of_one and vendor == "postgresql":
        newest, count, first, marked_at, grouped = _ONE_ROW
    else:
        newest, count, first, marked_at = _NEWEST[vendor], "COUNT(*)", _FIRST[vendor], _LAST_MARK
        told = f"SELECT *{_PLACE[vendor].format(group=group)} FROM ({told}) AS told"
        grouped = f"GROUP BY {group}"
    return f"""
        SELECT {_written_by()}, '{EventKind.RECEIPT_UPDATED.value}', sender_id, conversation_id,
               recipient_id, state, is_delivery, {newest}, {count}, {first},
               {marked_at}, {reason}, {_NOW[vendor]}
          FROM ({told}) AS told {grouped}"""


#: An event's messages, their number, the first and the time of the mark, of one row.
_ONE_ROW = "jsonb_build_array(message_id)", "1", "message_id", "marked_at", ""
_LAST_MARK = "MAX(marked_at)"


def _own_reads(changed: str, columns: set[str], *, of_one: bool) -> str:
    """SELECT: the events to readers' own devices."""
    vendor, is_news = connection.vendor, _SEEN_OR_NOT if "seen_at" in columns else "FALSE"
    if "withdrawn_at" in columns:
        is_news += f" OR {_UNREAD_AGAIN}"
    count, grouped = "COUNT(*)", "GROUP BY recipient_id, conversation_id"
    if of_one:
        count, grouped = "1", ""
    return f"""
        SELECT {_written_by()}, '{EventKind.CONVERSATION_READ.value}', recipient_id,
               conversation_id, recipient_id, NULL, FALSE, {_NO_MESSAGES[vendor]}, {count},
               CAST(NULL AS bigint), {NULL_TIME_SQL}, {NULL_TEXT_SQL}, {_NOW[vendor]}
          FROM {changed} AS seen
         WHERE ({is_news}) AND withdrawn_at IS NULL {grouped}"""


def announce_message(
    kind: EventKind, *, message_id: int, conversation_id: int, actor_id: int | None = None
) -> None:
    """Publish to all participants that a message was sent, deleted or restored.

    Must be called in the transaction that does so.
    """
    params: list[object] = [
        kind.value, conversation_id, actor_id, f"[{message_id}]", message_id,
    ]  # fmt: skip
    if distributed := is_distributed():
        params.append(conversation_id)
    fetch_prepared(_message_event(connection.vendor, distributed), params)


@lru_cache
def _message_event(vendor: str, distributed: bool) -> str:
    message = f"CAST(%s AS {_JSON[vendor]}), 1, CAST(%s AS bigint)"
    values = f"%s, NULL, CAST(%s AS bigint), CAST(%s AS bigint), NULL, FALSE, {message}"
    sql = _one_event(WRITTEN_COLUMNS, f"{values}, NULL, NULL, {_NOW[vendor]}")
    # With the condition on the id alone, and that a parameter, Citus would ask all shards.
    one = "FROM chat_conversation WHERE id = %s AND EXISTS (SELECT 1)"
    return f"{sql} {one}" if distributed else sql


def created_event_sql(source: str, message: str) -> str:
    """INSERT: a message was created; ``message`` is the SQL of its id, over ``source``.

    Needs the parameters ``conversation_id`` and ``sender_id``. For one PostgreSQL.
    """
    values = f"""'{EventKind.MESSAGE_CREATED.value}', NULL, CAST(%(conversation_id)s AS bigint),
        CAST(%(sender_id)s AS bigint), NULL, FALSE, jsonb_build_array({message}), 1, {message}"""
    event = _one_event(WRITTEN_COLUMNS, f"{values}, NULL, NULL, {_NOW[connection.vendor]}")
    return f"{event} FROM {source}"


def announce_closed_account(user_id: int) -> None:
    """End the connections of an account that is closed now. Nobody is sent the event.

    No conversation is meant; none has the number 0.
    """
    vendor = connection.vendor
    values = f"%s, CAST(%s AS bigint), 0, FALSE, {_NO_MESSAGES[vendor]}, 0, {_NOW[vendor]}"
    sql = _one_event(_COLUMNS_WITHOUT_MESSAGES, values)
    if is_distributed():
        sql += f" FROM {BEACONS} WHERE conversation_id = 0"
    with connection.cursor() as cursor:
        cursor.execute(sql, [ACCOUNT_CLOSED, user_id])


def announce_deleted_conversation(conversation_id: int, external_id: str | None) -> None:
    """Publish that a conversation is deleted: to all who take part until now, and to backends.

    One event for each, since nobody takes part afterwards. Call it before that.
    """
    vendor = connection.vendor
    params = {
        "kind": EventKind.CONVERSATION_DELETED.value,
        "conversation": conversation_id,
        "external_id": external_id,
    }
    execute(
        f"""INSERT INTO receipts_receiptevent ({_COLUMNS_WITHOUT_MESSAGES}, external_id)
            SELECT {_written_by()}, %(kind)s, audience.user_id, audience.conversation_id, FALSE,
                   {_NO_MESSAGES[vendor]}, 0, {_NOW[vendor]}, %(external_id)s
              FROM (SELECT CAST(NULL AS bigint) AS user_id, id AS conversation_id
                      FROM chat_conversation WHERE id = %(conversation)s
                     UNION ALL
                    SELECT participant.user_id, participant.conversation_id
                      FROM chat_conversationparticipant AS participant
                     WHERE participant.conversation_id = %(conversation)s
                       AND participant.is_active) AS audience""",
        params,
    )


def _one_event(columns: str, values: str) -> str:
    """INSERT: one event, written where the row lies that a distributed table is read by."""
    return f"INSERT INTO receipts_receiptevent ({columns}) SELECT {_written_by()}, {values}"
