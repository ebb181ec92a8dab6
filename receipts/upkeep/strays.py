"""Stray rows, which no count and no mark includes.

Rows carry no foreign-key constraints (docs/decisions/0003); this finds those of a message or a
recipient that does not exist, of another conversation than their message's, or of an archived
message.
"""

from __future__ import annotations

from typing import Any

from receipts.sql.distributed import is_distributed
from receipts.sql.run import fetch_rows
from receipts.upkeep.separated import separated_elsewhere, separated_of_batch
from receipts.upkeep.stretches import OF_BATCH, OF_CONVERSATION

_WRONG = """(message.id IS NULL OR recipient.id IS NULL
            OR message.conversation_id <> status.conversation_id
            OR message.archived_at IS NOT NULL)"""
_RECIPIENT = "LEFT JOIN chat_user AS recipient ON recipient.id = status.recipient_id"

#: Of a batch of messages, or of those in one conversation: an index finds their rows.
_OF_MESSAGES = f"""
      FROM receipts_messagestatus AS status
      LEFT JOIN chat_message AS message ON message.id = status.message_id
       AND {OF_BATCH.format("message.id")}
      {_RECIPIENT}
     WHERE {OF_BATCH.format("status.message_id")}
       AND {OF_CONVERSATION.format("message.conversation_id")} AND {_WRONG}"""

#: Rows that name a conversation while their message is in another one, or does not exist. No index
#: finds them, since every mark would have to keep it up; so all rows are read, once for each check.
_ELSEWHERE = f"""
      FROM receipts_messagestatus AS status
      LEFT JOIN chat_message AS message ON message.id = status.message_id
      {_RECIPIENT}
     WHERE status.conversation_id = %(conversation)s
       AND (message.id IS NULL OR message.conversation_id <> %(conversation)s)"""

_TOLD = """
    SELECT status.id, CASE
           WHEN message.id IS NULL THEN 'its message ' || status.message_id || ' does not exist'
           WHEN recipient.id IS NULL
           THEN 'its recipient ' || status.recipient_id || ' does not exist'
           WHEN message.conversation_id <> status.conversation_id
           THEN 'its conversation is ' || status.conversation_id
                || ', its message''s is ' || message.conversation_id
           ELSE 'its message ' || message.id || ' is archived' END
           {strays} ORDER BY status.id LIMIT %(room)s"""

#: How many there are, and the first of them, each with what is wrong.
Strays = tuple[int, list[tuple[Any, ...]]]


def strays_of_batch(batch: dict[str, Any], room: int) -> Strays:
    """The stray rows of a batch, and at most ``room`` of them with their reasons."""
    if is_distributed():
        return _first(separated_of_batch(batch), room)
    return _found(_OF_MESSAGES, batch, room)


def strays_elsewhere(conversation: int, room: int) -> Strays:
    """Rows that name this conversation, though their message is not in it."""
    if is_distributed():
        return _first(separated_elsewhere(conversation), room)
    return _found(_ELSEWHERE, {"conversation": conversation}, room)


def _first(strays: list[tuple[int, str]], room: int) -> Strays:
    return len(strays), [*strays[:room]]


def _found(strays: str, params: dict[str, Any], room: int) -> Strays:
    ((count,),) = fetch_rows(f"SELECT COUNT(*) {strays}", params)
    if not count:
        return 0, []
    return count, fetch_rows(_TOLD.format(strays=strays), {**params, "room": room})
