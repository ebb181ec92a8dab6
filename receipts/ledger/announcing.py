"""Events of messages, conversations and accounts, and what all events have in common.

Those of marks are written by the statement of the change (``ledger.receipt_events``).
"""

from __future__ import annotations

from functools import lru_cache

from django.db import connection

from chat.sql.prepared import fetch_prepared
from receipts.models import ACCOUNT_CLOSED, EventKind
from receipts.sql.distributed import is_distributed
from receipts.sql.nodes import BEACONS, node_sql
from receipts.sql.run import execute

#: An event lists at most this many of its messages; of more, it has the number and the first.
MESSAGES_NAMED = 20

WRITTEN_COLUMNS = (
    "node, xid, kind, audience_id, conversation_id, actor_id, state, is_delivery,"
    " is_own_read, messages, message_count, first_message, marked_at, reason, created_at"
)
_COLUMNS_WITHOUT_MESSAGES = (
    "node, xid, kind, audience_id, conversation_id, is_delivery, messages, message_count,"
    " created_at"
)
_XID = {
    "postgresql": "CAST(CAST(pg_current_xact_id() AS text) AS bigint)",
    "sqlite": "0",
}


def written_by_sql() -> str:
    """SQL: the node and the transaction that write an event.

    Citus evaluates it where the rows lie that the statement reads, but for ``VALUES`` on the
    coordinator.
    """
    return f"{node_sql()}, {_XID[connection.vendor]}"


#: Now, to the millisecond at least.
NOW_SQL = {
    "postgresql": "statement_timestamp()",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
}
_JSON = {"postgresql": "jsonb", "sqlite": "text"}
NO_MESSAGES = {"postgresql": "CAST('[]' AS jsonb)", "sqlite": "'[]'"}


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
    values = f"%s, NULL, CAST(%s AS bigint), CAST(%s AS bigint), NULL, FALSE, FALSE, {message}"
    sql = _one_event(WRITTEN_COLUMNS, f"{values}, NULL, NULL, {NOW_SQL[vendor]}")
    # With the condition on the id alone, and that a parameter, Citus would ask all shards.
    one = "FROM chat_conversation WHERE id = %s AND EXISTS (SELECT 1)"
    return f"{sql} {one}" if distributed else sql


def created_event_sql(source: str, message: str) -> str:
    """INSERT: a message was created; ``message`` is the SQL of its id, over ``source``.

    Needs the parameters ``conversation_id`` and ``sender_id``. For one PostgreSQL.
    """
    values = f"""'{EventKind.MESSAGE_CREATED.value}', NULL, CAST(%(conversation_id)s AS bigint),
        CAST(%(sender_id)s AS bigint), NULL, FALSE, FALSE,
        jsonb_build_array({message}), 1, {message}"""
    event = _one_event(WRITTEN_COLUMNS, f"{values}, NULL, NULL, {NOW_SQL[connection.vendor]}")
    return f"{event} FROM {source}"


def announce_closed_account(user_id: int) -> None:
    """End the connections of an account that is closed now. Nobody is sent the event.

    No conversation is meant; none has the number 0.
    """
    vendor = connection.vendor
    values = f"%s, CAST(%s AS bigint), 0, FALSE, {NO_MESSAGES[vendor]}, 0, {NOW_SQL[vendor]}"
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
            SELECT {written_by_sql()}, %(kind)s, audience.user_id, audience.conversation_id, FALSE,
                   {NO_MESSAGES[vendor]}, 0, {NOW_SQL[vendor]}, %(external_id)s
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
    return f"INSERT INTO receipts_receiptevent ({columns}) SELECT {written_by_sql()}, {values}"
