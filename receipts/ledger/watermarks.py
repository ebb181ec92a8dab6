"""Watermarks: a participant's progress, as far as others may know it.

The columns hold how far a participant has reached, and move forward only, in the order of time
(rule 7). ``held_back`` is set where rows up to there may be open; ``receipts.rules.watermarks``
defines what is shown then.

PostgreSQL takes a statement's snapshot before it waits for a row lock, so the statement that locks
a participant must not be the one that reads their status rows. Code that moves a read watermark,
makes a read private or adds rows below a watermark locks the participants first and reads in the
next statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import QuerySet

from chat.models import ConversationParticipant
from chat.sql.compiled import CompiledQuery
from chat.sql.prepared import adapt, fetch_prepared
from receipts.ledger.marks import Mark, discloses
from receipts.rules.watermarks import (
    PRIVATE_SQL,
    SHOWN_SQL,
    private_read_sql,
    reaches_sql,
)
from receipts.sql.in_one import execute_in_each
from receipts.sql.keyset import sent_at_sql
from receipts.sql.run import lock_in_order, lock_values

_ONE_POSITION = """
    SELECT message.conversation_id, message.id AS up_to, message.created_at AS sent_at
      FROM chat_message AS message
     WHERE message.id = %(reached)s AND message.conversation_id = %(conversation)s"""

_MARKED = ("marked.sent_at", "marked.up_to")
#: SQL: the participant's conversation, and a condition that names it once more for their row.
_ANY = ("participant.conversation_id", "")
_ONE = ("%(conversation)s", " AND participant.conversation_id = %(conversation)s")


def advance_watermark(mark: Mark, *, recipient: int, conversation: int, reached: int) -> None:
    """``advance_watermarks`` to a message of one conversation, which every table is told."""
    params = {"recipient": recipient, "conversation": conversation, "reached": reached}
    advance_watermarks(mark, _ONE_POSITION, params, of=_ONE)


def advance_watermarks(
    mark: Mark, positions: str, params: Mapping[str, object], *, of: tuple[str, str] = _ANY
) -> None:
    """Move a user's watermarks to ``positions``: a SELECT of conversation, message and its time.

    Must come before the marks themselves, since leaving, too, locks participants before messages
    (rule 22). For a disclosed read the participants must already be locked. A private delivery
    moves none (rule 13).
    """
    if _is_hidden(mark):
        return
    statement = _READ if discloses(mark) else _DELIVERED
    conversation, named = of
    fetch_prepared(
        statement.format(positions=positions, conversation=conversation, named=named),
        {**params, "at": adapt(mark.at)},
    )


def _is_hidden(mark: Mark) -> bool:
    """Whether others learn nothing of a mark."""
    return mark.hides_delivery and not discloses(mark)


#: The participant may be waited for and then have moved, so the condition is on its own columns.
_DELIVERED = f"""
    UPDATE chat_conversationparticipant AS participant
       SET last_delivered_message_id = marked.up_to, last_delivered_at = %(at)s
      FROM ({{positions}}) AS marked
     WHERE participant.user_id = %(recipient)s
       AND participant.conversation_id = marked.conversation_id
       AND NOT {reaches_sql("delivered", *_MARKED)}"""


def _compared_sql(state: str, compare: str) -> str:
    """SQL condition: the position that is reached compares so with the marked one."""
    return f"({state}.created_at, {state}.id) {compare} ({', '.join(_MARKED)})"


_MOVED = ("move.sent_at", "move.up_to")


def _moved_sql(state: str) -> str:
    columns = ((f"last_{state}_message_id", "move.up_to"), (f"last_{state}_at", "%(at)s"))
    return ", ".join(
        f"{column} = CASE WHEN move.moves_{state} THEN {value} ELSE participant.{column} END"
        for column, value in columns
    )


#: An open read of everything up to here leaves only private reads open, unless the delivered
#: watermark is further ahead. Who has received something privately stays held back.
_READ = f"""
    UPDATE chat_conversationparticipant AS participant
       SET {_moved_sql("delivered")}, {_moved_sql("read")},
           held_back = CASE WHEN move.passes_read
                            THEN (participant.held_back AND NOT move.passes_delivered)
                                 OR participant.has_private_deliveries
                                 OR {private_read_sql(*_MOVED, "{conversation}")}
                            ELSE participant.held_back END
      FROM (
        SELECT own.id, marked.up_to, marked.sent_at,
               delivered.id IS NULL OR {_compared_sql("delivered", "<")} AS moves_delivered,
               delivered.id IS NULL OR {_compared_sql("delivered", "<=")} AS passes_delivered,
               read.id IS NULL OR {_compared_sql("read", "<")} AS moves_read,
               read.id IS NULL OR {_compared_sql("read", "<=")} AS passes_read
          FROM ({{positions}}) AS marked
          JOIN chat_conversationparticipant AS own
            ON own.user_id = %(recipient)s AND own.conversation_id = marked.conversation_id
          LEFT JOIN chat_message AS delivered ON delivered.id = own.last_delivered_message_id
           AND delivered.conversation_id = own.conversation_id
          LEFT JOIN chat_message AS read ON read.id = own.last_read_message_id
           AND read.conversation_id = own.conversation_id
      ) AS move
     WHERE participant.id = move.id{{named}}
       AND (move.moves_delivered OR move.moves_read
            OR (participant.held_back AND move.passes_read))"""


def reach_newest_sql(mark: Mark, message: str = "%(message_id)s", source: str = "") -> str | None:
    """UPDATE: a locked participant's watermarks reach the newest message of their conversation.

    As ``advance_watermarks``, but since nothing is after that message, no position is compared.
    ``message`` is the SQL of its id, over ``source``. Needs the parameters ``participant``,
    ``conversation_id`` and ``at``. None for a mark that moves no watermark.
    """
    if _is_hidden(mark):
        return None
    moved = f"last_delivered_message_id = {message}, last_delivered_at = %(at)s"
    if discloses(mark):
        moved += f""", last_read_message_id = {message}, last_read_at = %(at)s,
               held_back = participant.has_private_deliveries OR EXISTS (
                   SELECT 1 FROM receipts_messagestatus AS open
                    WHERE open.recipient_id = participant.user_id
                      AND open.conversation_id = %(conversation_id)s AND {PRIVATE_SQL})"""
    return f"""
        UPDATE chat_conversationparticipant AS participant SET {moved}
          {f"FROM {source}" if source else ""}
         WHERE participant.id = %(participant)s
           AND participant.conversation_id = %(conversation_id)s"""


_LOCKED = CompiledQuery(
    lambda user, conversation: (
        ConversationParticipant.objects.select_for_update(no_key=True)
        .filter(user=user, conversation=conversation)
        .values("pk", "last_read_message_id")
    ),
    user=int,
    conversation=int,
)


def lock_participant(user_id: int, conversation_id: int) -> dict[int, int | None]:
    """Lock a participant; return their read watermark by id, an empty dict if there is none."""
    found = _LOCKED.rows(user=user_id, conversation=conversation_id)
    return {row["pk"]: row["last_read_message_id"] for row in found}


def lock_participants(
    participants: QuerySet[ConversationParticipant],
) -> dict[int, int | None]:
    """Lock participants in the order of their ids (rule 22); return their read watermarks by id."""
    return dict(lock_values(participants, "pk", "last_read_message_id"))


def hold_back_private(mark: Mark, locked: Mapping[int, int | None]) -> None:
    """Hold back the watermarks of locked participants that would cover what a mark keeps private.

    Must be called after the marks, in their transaction. A private read may be covered by a read
    watermark. A private delivery may come to be covered by either, when they move; so its
    participant stays held back.
    """
    ids = [pk for pk, read_up_to in locked.items() if mark.hides_delivery or read_up_to is not None]
    if ids and mark.hides_delivery:
        execute_in_each(_HIDE_DELIVERIES, ids)
    elif ids:
        execute_in_each(_HIDE, ids)


_HIDE_DELIVERIES = """
    UPDATE chat_conversationparticipant AS participant
       SET held_back = TRUE, has_private_deliveries = TRUE
     WHERE {those} AND NOT (participant.held_back AND participant.has_private_deliveries)"""

_REACHED_SQL = sent_at_sql("participant.last_read_message_id", "participant.conversation_id")
_HIDE = f"""
    UPDATE chat_conversationparticipant AS participant SET held_back = TRUE
     WHERE {{those}} AND NOT participant.held_back
       AND {private_read_sql(_REACHED_SQL, "participant.last_read_message_id")}"""


def hold_back_unread_replies(user_id: int, conversation_id: int) -> None:
    """Hold back the watermarks of a locked participant with unread replies (rule 30).

    A mark of the main line moves them, and does not mark the replies before its end.
    """
    fetch_prepared(_HOLD_REPLIES, {"user": user_id, "conversation": conversation_id})


_HOLD_REPLIES = """
    UPDATE chat_conversationparticipant AS participant SET held_back = TRUE
     WHERE participant.user_id = %(user)s AND participant.conversation_id = %(conversation)s
       AND NOT participant.held_back AND EXISTS (
           SELECT 1 FROM receipts_messagestatus AS open
            WHERE open.recipient_id = %(user)s AND open.conversation_id = %(conversation)s
              AND open.seen_at IS NULL AND open.withdrawn_at IS NULL
              AND open.thread_id IS NOT NULL)"""


def lock_watermarks_of(conversation_id: int) -> list[int]:
    """Lock all participants, whose watermarks a message with an earlier time may hold back.

    Those without a watermark, too: a mark may be about to set one, and does not see the message.
    The conversation must already be locked, and status rows not yet be written (rule 22). Returns
    the ids of the participants.
    """
    return lock_in_order(ConversationParticipant.objects.filter(conversation=conversation_id))


def hold_back_from(participant_ids: Iterable[int], message_id: int) -> None:
    """Hold back the watermarks at or after a message that came in late, of locked participants."""
    execute_in_each(_HOLD, participant_ids, {"message": message_id})


_LATE = ("late.created_at", "late.id")
_HOLD = f"""
    UPDATE chat_conversationparticipant AS participant SET held_back = TRUE
      FROM chat_message AS late
     WHERE {{those}} AND NOT participant.held_back
       AND late.id = %(message)s AND late.conversation_id = participant.conversation_id
       AND ({" OR ".join(reaches_sql(state, *_LATE) for state in SHOWN_SQL)})"""
