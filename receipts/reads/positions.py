"""Where a participant's mark ends: at a message, at the newest, or at the newest of a time."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from receipts.rules.rows import OwnPosition
from receipts.rules.watermarks import last_tracked_sql
from receipts.sql.prepared import execute_prepared
from receipts.sql.run import adapt

_NEWEST = """
        SELECT message.id FROM chat_message AS message
         WHERE message.conversation_id = participant.conversation_id{condition}
         ORDER BY message.created_at DESC, message.id DESC LIMIT 1"""
_REACHED = last_tracked_sql(
    "participant.conversation_id",
    "(message.created_at, message.id) <= (up_to.created_at, up_to.id)",
)

_POSITION = f"""
    SELECT participant.user_id, member.read_receipts_enabled,
           member.delivery_receipts_enabled, up_to.id, reached.id
      FROM chat_conversationparticipant AS participant
      JOIN chat_user AS member ON member.id = participant.user_id
       AND member.is_active AND member.username = %(username)s
      LEFT JOIN chat_message AS up_to ON up_to.id = ({{up_to}})
       AND up_to.conversation_id = participant.conversation_id
      LEFT JOIN chat_message AS reached ON reached.id = ({_REACHED})
       AND reached.conversation_id = participant.conversation_id
     WHERE participant.conversation_id = %(conversation)s AND participant.is_active"""

_AT_MESSAGE = _POSITION.format(up_to="%(up_to)s")
_AT_NEWEST = _POSITION.format(up_to=_NEWEST.format(condition=""))
_AT_TIME = _POSITION.format(up_to=_NEWEST.format(condition=" AND message.created_at <= %(at)s"))


def own_position(
    conversation_id: int, username: str, *, up_to: int | None = None, at: datetime | None = None
) -> OwnPosition | None:
    """A participant and how far they mark; None unless this user takes part now.

    Up to the message ``up_to``, or else to the newest one that was sent by the time ``at``, or else
    to the newest. A message of another conversation is none.
    """
    newest = _AT_NEWEST if at is None else _AT_TIME
    statement = newest if up_to is None else _AT_MESSAGE
    params = {"conversation": conversation_id, "username": username, "up_to": up_to}
    if at is not None:
        params["at"] = adapt(at)
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, params)
        found = cursor.fetchone()
    if found is None:
        return None
    user, reads, deliveries, message, reached = found
    return {
        "user_id": user,
        "read_receipts_enabled": bool(reads),
        "delivery_receipts_enabled": bool(deliveries),
        "up_to": message,
        "reached": reached,
    }
