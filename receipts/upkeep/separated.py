"""Stray rows where rows are distributed: beside a row, a node has the messages of its conversation.

So a message that is in another conversation is missing at first, and then searched for by its id.
"""

from __future__ import annotations

from typing import Any

from receipts.sql.run import among_ids, fetch_rows, id_list
from receipts.upkeep.stretches import OF_BATCH, OF_CONVERSATION

_ROWS = """
    SELECT status.id, status.message_id, status.conversation_id, recipient.id IS NULL,
           status.recipient_id, message.id IS NULL
      FROM receipts_messagestatus AS status
      LEFT JOIN chat_message AS message ON message.id = status.message_id
       AND message.conversation_id = status.conversation_id
      LEFT JOIN chat_user AS recipient ON recipient.id = status.recipient_id
     WHERE {those}
     ORDER BY status.id"""
#: Rows of a batch of messages; of one conversation alone without those of ``_ELSEWHERE``.
_OF_BATCH = _ROWS.format(
    those=f"""{OF_BATCH.format("status.message_id")}
       AND {OF_CONVERSATION.format("status.conversation_id")}
       AND ((message.id IS NULL AND CAST(%(conversation)s AS bigint) IS NULL)
            OR (message.id IS NOT NULL
                AND (recipient.id IS NULL OR message.archived_at IS NOT NULL)))"""
)
_ELSEWHERE = _ROWS.format(those="status.conversation_id = %(conversation)s AND message.id IS NULL")
_MESSAGES = f"""
    SELECT message.id FROM chat_message AS message
     WHERE message.conversation_id = %(conversation)s AND {OF_BATCH.format("message.id")}"""
_ROWS_ELSEWHERE = """
    SELECT status.id, status.message_id, status.conversation_id, FALSE, status.recipient_id, TRUE
      FROM receipts_messagestatus AS status
     WHERE {those} AND status.conversation_id <> %(conversation)s
     ORDER BY status.id"""
_PLACES = "SELECT message.id, message.conversation_id FROM chat_message AS message WHERE {those}"


def separated_of_batch(batch: dict[str, Any]) -> list[tuple[int, str]]:
    """The stray rows of a batch of messages, each with what is wrong."""
    found = fetch_rows(_OF_BATCH, batch)
    if batch["conversation"] is not None:
        ids = [pk for (pk,) in fetch_rows(_MESSAGES, batch)]
        params = {"ids": id_list(ids), "conversation": batch["conversation"]}
        found += fetch_rows(_ROWS_ELSEWHERE.format(those=among_ids("status.message_id")), params)
    return _with_reasons(found)


def separated_elsewhere(conversation: int) -> list[tuple[int, str]]:
    """Rows that name this conversation, though their message is not in it."""
    return _with_reasons(fetch_rows(_ELSEWHERE, {"conversation": conversation}))


def _with_reasons(rows: list[tuple[Any, ...]]) -> list[tuple[int, str]]:
    missing = sorted({row[1] for row in rows if row[5]})
    those = _PLACES.format(those=among_ids("message.id"))
    places = dict(fetch_rows(those, {"ids": id_list(missing)})) if missing else {}
    return [(row[0], _reason(row, places)) for row in sorted(rows)]


def _reason(row: tuple[Any, ...], places: dict[int, int]) -> str:
    _, message, conversation, is_nobodys, recipient, is_missing = row
    if is_missing and message not in places:
        return f"its message {message} does not exist"
    if is_nobodys:
        return f"its recipient {recipient} does not exist"
    if is_missing:
        return f"its conversation is {conversation}, its message's is {places[message]}"
    return f"its message {message} is archived"
