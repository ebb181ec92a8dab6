"""Where a participant's mark ends: at a message, at the newest, or at the newest of a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from chat.models import Tracking
from chat.names import MessageReference
from receipts.reads.names import MESSAGE_NAMED_SQL
from receipts.rules.rows import OwnPosition, columns_of
from receipts.rules.watermarks import last_tracked_sql
from receipts.sql.prepared import fetch_prepared
from receipts.sql.run import adapt, as_time

_NEWEST = """
        SELECT message.id FROM chat_message AS message
         WHERE message.conversation_id = {{known}}{condition}
         ORDER BY message.created_at DESC, message.id DESC LIMIT 1"""
_REACHED = last_tracked_sql(
    "{known}",
    "(message.created_at, message.id) <= (up_to.created_at, up_to.id)",
)
#: The last message tracked by position, where positions are kept (rule 16).
_PLACED = f"""CASE WHEN conversation.member_count IS NULL THEN NULL ELSE (
        SELECT message.id FROM chat_message AS message
         WHERE message.conversation_id = {{known}}
           AND message.tracking = '{Tracking.BY_POSITION.value}'
           AND (message.created_at, message.id) <= (up_to.created_at, up_to.id)
         ORDER BY message.created_at DESC, message.id DESC LIMIT 1) END"""

_POSITION = f"""
    SELECT participant.user_id, member.read_receipts_enabled,
           member.delivery_receipts_enabled, conversation.id, conversation.external_id,
           up_to.id, up_to.external_id, reached.id, placed.id, placed.created_at
      FROM chat_conversation AS conversation
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = conversation.id AND participant.is_active
      JOIN chat_user AS member ON member.id = participant.user_id
       AND member.is_active AND member.username = %(username)s
      LEFT JOIN chat_message AS up_to ON up_to.id = ({{up_to}})
       AND up_to.conversation_id = participant.conversation_id
      LEFT JOIN chat_message AS reached ON reached.id = ({_REACHED})
       AND reached.conversation_id = participant.conversation_id
      LEFT JOIN chat_message AS placed ON placed.id = ({_PLACED})
       AND placed.conversation_id = participant.conversation_id
     WHERE conversation.{{column}} = %(conversation)s"""

#: How a conversation is given: by its id, or by its external id; and its id in a sub-select, a
#: constant where it is given. The sub-select then searches one partition of partitioned messages.
_COLUMNS = {int: "id", str: "external_id"}
_KNOWN = {int: "%(conversation)s", str: "participant.conversation_id"}
#: Where a mark ends: at a message, by its id or its external id; at the newest, or that of a time.
_ENDS = {
    "number": "%(up_to)s",
    "name": MESSAGE_NAMED_SQL.format("%(name)s"),
    "newest": _NEWEST.format(condition=""),
    "time": _NEWEST.format(condition=" AND message.created_at <= %(at)s"),
}
_STATEMENTS = {
    (kind, end): _POSITION.format(
        column=column, up_to=up_to.format(known=_KNOWN[kind]), known=_KNOWN[kind]
    )
    for kind, column in _COLUMNS.items()
    for end, up_to in _ENDS.items()
}


def own_position(
    conversation: int | str,
    username: str,
    *,
    up_to: MessageReference | None = None,
    at: datetime | None = None,
) -> OwnPosition | None:
    """A participant and how far they mark; None unless this user takes part now.

    Up to the message ``up_to``, or else to the newest one that was sent by the time ``at``, or else
    to the newest. A message of another conversation is none. ``conversation`` is its id or its
    external id; names cost no further statement.
    """
    params: dict[str, Any] = {"conversation": conversation, "username": username}
    if up_to is None:
        end = "newest" if at is None else "time"
    else:
        end = "name" if up_to.number is None else "number"
        params |= {"up_to": up_to.number, "name": up_to.name}
    if at is not None:
        params["at"] = adapt(at)
    rows = fetch_prepared(_STATEMENTS[type(conversation), end], params)
    if not rows:
        return None
    position = dict(zip(columns_of(OwnPosition), rows[0], strict=True))
    for switch in ("read_receipts_enabled", "delivery_receipts_enabled"):
        position[switch] = bool(position[switch])
    position["placed_at"] = as_time(position["placed_at"])
    return cast(OwnPosition, position)
