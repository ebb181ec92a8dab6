"""Where a participant's mark ends: at a message, at the newest, or at the newest of a time."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from chat.models import Tracking
from chat.names import MessageReference
from chat.sql.prepared import adapt, fetch_prepared
from receipts.reads.names import MESSAGE_NAMED_SQL
from receipts.rules.rows import OwnPosition, columns_of
from receipts.rules.threads import MAIN, ThreadReference
from receipts.rules.watermarks import last_tracked_sql
from receipts.sql.run import as_time

_NEWEST = """
        SELECT message.id FROM chat_message AS message
         WHERE message.conversation_id = {known}{condition}{in_line}
         ORDER BY message.created_at DESC, message.id DESC LIMIT 1"""
#: The last message tracked by position, where positions are kept (rule 16).
_PLACED = f"""CASE WHEN conversation.member_count IS NULL THEN NULL ELSE (
        SELECT message.id FROM chat_message AS message
         WHERE message.conversation_id = {{known}}
           AND message.tracking = '{Tracking.BY_POSITION.value}'
           AND (message.created_at, message.id) <= (up_to.created_at, up_to.id)
         ORDER BY message.created_at DESC, message.id DESC LIMIT 1) END"""

_POSITION = """
    SELECT participant.user_id, member.read_receipts_enabled,
           member.delivery_receipts_enabled, conversation.id, conversation.external_id,
           up_to.id, up_to.external_id, {moved}, up_to.thread_id, {root}
      FROM chat_conversation AS conversation
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = conversation.id AND participant.is_active
      JOIN chat_user AS member ON member.id = participant.user_id
       AND member.is_active AND member.username = %(username)s{thread}
      LEFT JOIN chat_message AS up_to ON up_to.id = ({up_to})
       AND up_to.conversation_id = participant.conversation_id{last}
     WHERE conversation.{column} = %(conversation)s"""
#: The root of a thread, by its number or its name. A reply has no thread of its own.
_THREAD = """
      LEFT JOIN chat_message AS root ON root.id = {root}
       AND root.conversation_id = participant.conversation_id AND root.thread_id IS NULL"""
#: The last tracked messages, where watermarks and positions move to. Those of a thread move none
#: (rule 30).
_LAST = f"""
      LEFT JOIN chat_message AS reached ON reached.id = ({{reached}})
       AND reached.conversation_id = participant.conversation_id
      LEFT JOIN chat_message AS placed ON placed.id = ({_PLACED})
       AND placed.conversation_id = participant.conversation_id"""
_MOVED = "reached.id, placed.id, placed.created_at"
_NONE_MOVED = "CAST(NULL AS bigint), CAST(NULL AS bigint), NULL"

#: How a conversation is given: by its id, or by its external id; and its id in a sub-select, a
#: constant where it is given. The sub-select then searches one partition of partitioned messages.
_COLUMNS = {int: "id", str: "external_id"}
_KNOWN = {"id": "%(conversation)s", "external_id": "participant.conversation_id"}
#: Where a mark ends: at a message, by its id or its external id; at the newest, or that of a time.
_ENDS = {
    "number": "%(up_to)s",
    "name": MESSAGE_NAMED_SQL.format("%(name)s"),
    "newest": _NEWEST.replace("{condition}", ""),
    "time": _NEWEST.replace("{condition}", " AND message.created_at <= %(at)s"),
}
#: How a thread is named: by the number of its root, by its name, or by both, which agree.
_ROOTS = {
    "number": "%(root)s",
    "name": MESSAGE_NAMED_SQL.format("%(root_name)s"),
    "number and name": "%(root)s AND root.external_id = %(root_name)s",
}
#: Which messages are marked: all, those outside threads, or the replies to a root.
_LINES = {"all": "", MAIN: " AND message.thread_id IS NULL"} | dict.fromkeys(
    _ROOTS, " AND message.thread_id = root.id"
)


@lru_cache
def _statement(column: str, end: str, line: str) -> str:
    known, in_line = _KNOWN[column], _LINES[line]
    before = f"(message.created_at, message.id) <= (up_to.created_at, up_to.id){in_line}"
    is_thread, reached = line in _ROOTS, last_tracked_sql(known, before)
    return _POSITION.format(
        column=column,
        up_to=_ENDS[end].format(known=known, in_line=in_line),
        thread=_THREAD.format(root=_ROOTS[line]) if is_thread else "",
        root="root.id" if is_thread else "CAST(NULL AS bigint)",
        last="" if is_thread else _LAST.format(reached=reached, known=known),
        moved=_NONE_MOVED if is_thread else _MOVED,
    )


def own_position(
    conversation: int | str,
    username: str,
    *,
    up_to: MessageReference | None = None,
    at: datetime | None = None,
    thread: ThreadReference | None = None,
) -> OwnPosition | None:
    """A participant and how far they mark; None unless this user takes part now.

    Up to the message ``up_to``, or else to the newest one that was sent by the time ``at``, or else
    to the newest; with ``thread`` to the newest of that line. A message of another conversation is
    none. ``conversation`` is its id or its external id; names cost no further statement.
    """
    params: dict[str, Any] = {"conversation": conversation, "username": username}
    line: str = "all" if thread is None else MAIN
    if isinstance(thread, MessageReference):
        given = {"number": thread.number, "name": thread.name}
        line = " and ".join(name for name, value in given.items() if value is not None)
        params |= {"root": thread.number, "root_name": thread.name}
    if up_to is None:
        end = "newest" if at is None else "time"
    else:
        end = "name" if up_to.number is None else "number"
        params |= {"up_to": up_to.number, "name": up_to.name}
    if at is not None:
        params["at"] = adapt(at)
    rows = fetch_prepared(_statement(_COLUMNS[type(conversation)], end, line), params)
    if not rows:
        return None
    position = dict(zip(columns_of(OwnPosition), rows[0], strict=True))
    for switch in ("read_receipts_enabled", "delivery_receipts_enabled"):
        position[switch] = bool(position[switch])
    position["placed_at"] = as_time(position["placed_at"])
    return cast(OwnPosition, position)
