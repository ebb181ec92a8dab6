"""The steps of deleting a conversation, after it was closed: one batch of each.

Rows go before their messages, and everything before the conversation, so there is no orphan at any
moment. Nobody takes part any more, so nothing new is written but what was under way: marks, which
change rows that are still there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.conf import settings

from chat.models import (
    Conversation,
    ConversationParticipant,
    Erasure,
    Message,
    MessageName,
    MessageNumber,
)
from receipts.ledger.noting import note_messages
from receipts.models import EventKind
from receipts.services.erasing.batch import Step, again_if, delete_rows, delete_some
from receipts.services.erasing.log_steps import erase_titles_from_log
from receipts.sql.conversation_names import free_names
from receipts.sql.run import among_ids, as_time, execute, fetch_rows, id_list, lock_in_order

_START = ["0001-01-02T00:00:00+00:00", 0]
#: The next messages of a conversation, in the order of the index.
_MESSAGES = """
    SELECT message.id, message.created_at FROM chat_message AS message
     WHERE message.conversation_id = %(conversation)s
       AND (message.created_at, message.id) > (%(created_at)s, %(past)s)
     ORDER BY message.created_at, message.id LIMIT %(rows)s"""
#: Their rows, of any conversation: a stray one goes with its message.
_ROWS = """
    SELECT status.id, status.message_id, status.conversation_id
      FROM receipts_messagestatus AS status
     WHERE {those} ORDER BY status.message_id, status.recipient_id LIMIT %(rows)s"""
_NAMES = """
    SELECT message.external_id FROM chat_message AS message
     WHERE {those} AND message.external_id IS NOT NULL"""


def _erase_messages(erasure: Erasure) -> list[Any] | None:
    """Delete the rows of the next messages, or, when they have none, their names or themselves."""
    created_at, past = cast("tuple[str, int]", erasure.position or _START)
    conversation = cast(int, erasure.conversation_id)
    place = {"conversation": conversation, "past": past, "rows": settings.BATCH_ROWS}
    found = fetch_rows(_MESSAGES, {**place, "created_at": datetime.fromisoformat(created_at)})
    if not found:
        return None
    ids = [pk for pk, _ in found]
    if _delete_rows(ids, conversation) or _delete_names(ids, conversation):
        return [created_at, past]
    lock_in_order(Message.objects.filter(pk__in=ids, conversation=conversation))
    note_messages(ids, conversation=conversation)
    delete_rows("chat_message", [(pk, conversation) for pk in ids])
    past, created_at = found[-1]
    return [cast(datetime, as_time(created_at)).isoformat(), past]


def _delete_rows(message_ids: list[int], conversation: int) -> bool:
    """Delete a batch of rows of these messages; whether there were any."""
    params = {"ids": id_list(message_ids), "rows": settings.BATCH_ROWS}
    rows = fetch_rows(_ROWS.format(those=among_ids("status.message_id")), params)
    # Who changes a row locks its message first (rule 22).
    messages = {message for _, message, _ in rows}
    lock_in_order(Message.objects.filter(pk__in=messages, conversation=conversation))
    delete_rows("receipts_messagestatus", [(row, place) for row, _, place in rows])
    return bool(rows)


def _delete_names(message_ids: list[int], conversation: int) -> bool:
    those = f"{among_ids('message.id')} AND message.conversation_id = %(conversation)s"
    params = {"ids": id_list(message_ids), "conversation": conversation}
    found = fetch_rows(_NAMES.format(those=those), params)
    deleted, _ = MessageName.objects.filter(pk__in=[name for (name,) in found]).delete()
    return bool(deleted)


_NUMBERS = """
    DELETE FROM chat_messagenumber
     WHERE conversation_id = %(conversation)s
       AND number < %(rows)s + (SELECT MIN(number) FROM chat_messagenumber
                                 WHERE conversation_id = %(conversation)s)"""


def _erase_numbers(erasure: Erasure) -> bool | None:
    """Delete the numbers of the messages, the lowest first."""
    place = {"conversation": erasure.conversation_id, "rows": settings.BATCH_ROWS}
    return again_if(bool(execute(_NUMBERS, place)))


#: All events but the one that says that the conversation is deleted.
_OTHER = f"event.kind <> '{EventKind.CONVERSATION_DELETED.value}'"
_OF_ALL = f"""
    SELECT event.id, event.conversation_id FROM receipts_receiptevent AS event
     WHERE event.audience_id IS NULL AND event.conversation_id = %(conversation)s AND {_OTHER}
     LIMIT %(rows)s"""
#: Those of single participants, by the index on the audience; for some participants at a time.
_OF_SOME = f"""
    SELECT event.id, event.conversation_id FROM receipts_receiptevent AS event
     WHERE event.audience_id IN (
           SELECT participant.user_id FROM chat_conversationparticipant AS participant
            WHERE participant.conversation_id = %(conversation)s
              AND participant.user_id > %(past)s AND participant.user_id <= %(up_to)s)
       AND event.conversation_id = %(conversation)s AND {_OTHER}
     LIMIT %(rows)s"""
_NEXT_USERS = """
    SELECT MAX(user_id) FROM (
        SELECT participant.user_id FROM chat_conversationparticipant AS participant
         WHERE participant.conversation_id = %(conversation)s AND participant.user_id > %(past)s
         ORDER BY participant.user_id LIMIT 100) AS ahead"""


def _erase_common_events(erasure: Erasure) -> bool | None:
    """Delete the events that all participants received."""
    conversation = erasure.conversation_id
    return again_if(delete_some("receipts_receiptevent", _OF_ALL, conversation=conversation))


def _erase_own_events(erasure: Erasure) -> int | None:
    """Delete the events of single participants; the position is the last user that is done."""
    place = {"conversation": erasure.conversation_id, "past": erasure.position or 0}
    ((up_to,),) = fetch_rows(_NEXT_USERS, place)
    if up_to is None:
        return None
    more = delete_some("receipts_receiptevent", _OF_SOME, **place, up_to=up_to)
    return place["past"] if more else up_to


_DEPARTURES = """
    SELECT departure.id, departure.conversation_id FROM chat_conversationparticipant AS participant
      JOIN chat_departure AS departure ON departure.user_id = participant.user_id
       AND departure.conversation_id = participant.conversation_id
     WHERE participant.conversation_id = %(conversation)s LIMIT %(rows)s"""


def _erase_departures(erasure: Erasure) -> bool | None:
    conversation = erasure.conversation_id
    return again_if(delete_some("chat_departure", _DEPARTURES, conversation=conversation))


#: Positions have no ids of their own: they go by recipient.
_POSITIONS = """
    DELETE FROM {table}
     WHERE conversation_id = %(conversation)s AND recipient_id <= (
           SELECT MAX(recipient_id) FROM (
               SELECT recipient_id FROM {table} WHERE conversation_id = %(conversation)s
                ORDER BY recipient_id LIMIT %(rows)s) AS ahead)"""


def _erase_positions(erasure: Erasure) -> bool | None:
    """Delete how far participants have come, and what of that is private."""
    place = {"conversation": erasure.conversation_id, "rows": settings.BATCH_ROWS}
    tables = ("receipts_privatestretch", "receipts_memberposition")
    deleted = [execute(_POSITIONS.format(table=table), place) for table in tables]
    return again_if(any(deleted))


#: What goes by its conversation alone.
_TABLES = (
    "receipts_historystay",
    "receipts_historymember",
    "receipts_historyposition",
    "chat_threadfollower",
    "chat_thread",
    "chat_conversationparticipant",
)
_OF_CONVERSATION = """
    SELECT id, conversation_id FROM {table}
     WHERE conversation_id = %(conversation)s ORDER BY id LIMIT %(rows)s"""


def _erase_others(erasure: Erasure) -> int | None:
    """Delete what imports have said, and at last the participants; the position is the table."""
    place = erasure.position or 0
    if place == len(_TABLES):
        return None
    select = _OF_CONVERSATION.format(table=_TABLES[place])
    more = delete_some(_TABLES[place], select, conversation=erasure.conversation_id)
    return place if more else place + 1


def _erase_conversation(erasure: Erasure) -> list[Any] | None:
    """Delete the conversation itself. Its ``external_id`` is free again.

    If an import, or somebody who asked for numbers, has written to it meanwhile, everything starts
    again.
    """
    pk = cast(int, erasure.conversation_id)
    # No key of it can be referred to any more, so that nothing is added from here on.
    Conversation.objects.select_for_update().filter(pk=pk).first()
    for model in (Message, ConversationParticipant, MessageNumber):
        if model.objects.filter(conversation=pk).exists():
            erasure.step = next(iter(CONVERSATION_STEPS))
            return _START
    execute("DELETE FROM chat_conversation WHERE id = %(pk)s", {"pk": pk})
    free_names(pk, "external_id", "pair")
    return None


#: In their order.
CONVERSATION_STEPS: dict[str, Step] = {
    "messages": _erase_messages,
    "numbers": _erase_numbers,
    "events": _erase_common_events,
    "own events": _erase_own_events,
    "departures": _erase_departures,
    "positions": _erase_positions,
    "others": _erase_others,
    "log": erase_titles_from_log,
    "conversation": _erase_conversation,
}
