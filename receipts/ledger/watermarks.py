"""Watermarks: a participant's progress, as far as others may know it.

A read watermark means "everything up to here is read". It does not move past a private read,
which it would disclose (rule 13); nor does an untracked message move any (rule 15).
If a read below it becomes private, it falls back to the message before that read.

PostgreSQL takes a statement's snapshot before it waits for a row lock, so the statement that locks
a participant must not be the one that reads their status rows. Code that moves a read watermark or
makes a read private locks the participant first and reads the rows in the next statement.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection
from django.db.models import QuerySet

from chat.models import ConversationParticipant
from receipts.ledger.marks import Mark, discloses
from receipts.sql.compiled import CompiledQuery
from receipts.sql.prepared import execute_prepared
from receipts.sql.run import adapt, among_ids, execute, id_list

#: A participant's position, or those of one user in many conversations.
ONE_POSITION = """
    SELECT CAST(%(conversation)s AS bigint) AS conversation_id,
           CAST(%(up_to)s AS bigint) AS up_to"""

_BEHIND_SQL = (
    "(participant.last_{0}_message_id IS NULL OR participant.last_{0}_message_id < marked.up_to)"
)
#: A participant's private reads of tracked messages, up to a message.
_PRIVATE_READ_SQL = """private.recipient_id = participant.user_id
              AND private.conversation_id = participant.conversation_id
              AND private.message_id <= {up_to} AND private.delivered_at IS NOT NULL
              AND private.seen_at IS NOT NULL AND private.read_at IS NULL
              AND private.withdrawn_at IS NULL"""
_NO_PRIVATE_READ_SQL = f"""NOT EXISTS (
           SELECT 1 FROM receipts_messagestatus AS private
            WHERE {_PRIVATE_READ_SQL.format(up_to="marked.up_to")})"""
#: SQL condition: each watermark of ``participant`` advances to ``marked.up_to``.
ADVANCES_SQL = {
    "delivered": _BEHIND_SQL.format("delivered"),
    "read": f"{_BEHIND_SQL.format('read')} AND {_NO_PRIVATE_READ_SQL}",
}


def advance_watermarks(mark: Mark, positions: str, params: Mapping[str, object]) -> None:
    """Move a user's watermarks to ``positions``, a SELECT of conversations and messages.

    Must come before the marks themselves, since leaving, too, locks participants before messages
    (rule 22). For a disclosed read the participants must already be locked.
    """
    with connection.cursor() as cursor:
        statement = _STATEMENTS[discloses(mark)].replace("{positions}", positions)
        execute_prepared(cursor, statement, {**params, "at": adapt(mark.at)})


def _statement(states: tuple[str, ...]) -> str:
    assignments = ", ".join(
        f"{column} = CASE WHEN {ADVANCES_SQL[state]} THEN {value} ELSE participant.{column} END"
        for state in states
        for column, value in (
            (f"last_{state}_message_id", "marked.up_to"),
            (f"last_{state}_at", "%(at)s"),
        )
    )
    moves = " OR ".join(f"({ADVANCES_SQL[state]})" for state in states)
    return f"""
        UPDATE chat_conversationparticipant AS participant SET {assignments}
          FROM ({{positions}}) AS marked
         WHERE participant.user_id = %(recipient)s
           AND participant.conversation_id = marked.conversation_id AND ({moves})"""


#: By whether the mark is a disclosed read.
_STATEMENTS = {False: _statement(("delivered",)), True: _statement(("delivered", "read"))}

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
    locked = participants.order_by("pk").select_for_update(no_key=True)
    return dict(locked.values_list("pk", "last_read_message_id"))


def lower_watermarks(locked: dict[int, int | None]) -> None:
    """Lower the read watermarks of locked participants below their first private read.

    Must be called after the marks, in their transaction. A watermark falls back to the last tracked
    message before the first private read, if its user sent that one or has read it openly; else
    to NULL, since the search for an earlier one could scan the whole conversation.
    """
    ids = [pk for pk, read_up_to in locked.items() if read_up_to is not None]
    if ids:
        execute(_LOWER.format(those=among_ids("participant.id")), {"ids": id_list(ids)})


_LOWER = f"""
    UPDATE chat_conversationparticipant AS participant
       SET last_read_message_id = lowered.up_to, last_read_at = lowered.at
      FROM (
        SELECT hidden.id,
               CASE WHEN before.sender_id = hidden.user_id OR own.read_at IS NOT NULL
                    THEN before.id END AS up_to,
               CASE WHEN before.sender_id = hidden.user_id
                    THEN before.created_at ELSE own.read_at END AS at
          FROM (
            SELECT participant.id, participant.user_id, participant.conversation_id,
                   MIN(private.message_id) AS first
              FROM chat_conversationparticipant AS participant
              JOIN receipts_messagestatus AS private
                ON {_PRIVATE_READ_SQL.format(up_to="participant.last_read_message_id")}
             WHERE {{those}}
             GROUP BY participant.id, participant.user_id, participant.conversation_id
          ) AS hidden
          LEFT JOIN chat_message AS before ON before.id = (
            SELECT MAX(message.id) FROM chat_message AS message
             WHERE message.conversation_id = hidden.conversation_id
               AND message.id < hidden.first AND message.tracking = 'tracked')
          LEFT JOIN receipts_messagestatus AS own ON own.message_id = before.id
           AND own.recipient_id = hidden.user_id
           AND own.conversation_id = hidden.conversation_id
      ) AS lowered
     WHERE participant.id = lowered.id"""
