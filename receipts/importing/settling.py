"""The last steps of an import: participants get the times that all stays give them."""

from __future__ import annotations

from django.db import transaction

from chat.models import ConversationParticipant
from receipts.importing.order import IMPORTED_SQL
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices
from receipts.importing.stays import OURS_SQL, derive_given
from receipts.ledger.members import settle_members
from receipts.sql.run import execute, fetch_rows

#: Participants as imports wrote them, who have other times by all stays. One to whom a message was
#: sent here takes part, whatever a file says of the past.
_SETTLING = f"""
    SELECT participant.id AS participant_id, given.conversation_id, given.user_id,
           COALESCE(given.joined_at, member.joined_at) AS joined_at, given.left_at, given.role,
           ROW_NUMBER() OVER (ORDER BY participant.id) / %(batch_size)s AS slice
      FROM import_given AS given
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = given.conversation_id
       AND participant.user_id = given.user_id
      JOIN receipts_historymember AS member ON {OURS_SQL}
     WHERE (given.joined_at <> member.joined_at OR given.role <> member.role
            OR (given.left_at IS NULL) <> (member.left_at IS NULL)
            OR given.left_at <> member.left_at)
       AND (given.left_at IS NULL OR member.left_at IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM chat_message AS message
              JOIN receipts_messagestatus AS status ON status.message_id = message.id
               AND status.recipient_id = participant.user_id
               AND status.conversation_id = message.conversation_id
             WHERE message.conversation_id = participant.conversation_id
               AND NOT {IMPORTED_SQL}))"""

_SETTLE = f"""
    UPDATE chat_conversationparticipant AS participant
       SET joined_at = settling.joined_at, left_at = settling.left_at, role = settling.role,
           is_active = settling.left_at IS NULL
      FROM import_settling AS settling
      JOIN receipts_historymember AS member ON member.conversation_id = settling.conversation_id
       AND member.user_id = settling.user_id
     WHERE settling.slice = %(slice)s AND participant.id = settling.participant_id
       AND {OURS_SQL}"""
_REMEMBER = """
    UPDATE receipts_historymember AS member
       SET joined_at = settling.joined_at, left_at = settling.left_at, role = settling.role
      FROM import_settling AS settling
     WHERE settling.slice = %(slice)s AND member.conversation_id = settling.conversation_id
       AND member.user_id = settling.user_id"""


def settle_participants(report: Report, batch_size: int) -> None:
    """Update participants who still are what imports made them. After the messages are stored."""
    derive_given()
    derive("import_settling", _SETTLING, {"batch_size": batch_size}, index="slice")
    for part in slices("import_settling", "participants"):
        with transaction.atomic():
            lock_selected(
                ConversationParticipant,
                "SELECT participant_id FROM import_settling WHERE slice = %(slice)s",
                part,
            )
            report.changes["participants changed"] += execute(_SETTLE, part)
            execute(_REMEMBER, part)


def stays_are_applied() -> None:
    """Note that all rows agree with the stays, at the end of an import."""
    execute(
        "UPDATE receipts_historystay SET is_applied = TRUE WHERE NOT is_applied"
        " AND conversation_id IN (SELECT conversation_id FROM import_touched)"
    )


def settle_large_conversations() -> None:
    """Positions begin and end by the participants that the import has left (rule 16)."""
    large = """
        SELECT conversation.id FROM chat_conversation AS conversation
         WHERE conversation.member_count IS NOT NULL AND conversation.id IN (
               SELECT conversation_id FROM import_touched) ORDER BY conversation.id"""
    for (pk,) in fetch_rows(large):
        settle_members(pk)
