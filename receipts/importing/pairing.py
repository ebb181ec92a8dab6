"""Which direct conversations of a history become the one of their two people."""

from __future__ import annotations

from django.db import transaction

from chat.models import User
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices, staged
from receipts.sql.run import execute

#: The direct conversations of two people that the file names, and that are not the one of these.
_PAIRING = """
    SELECT pairing.conversation_id, pairing.pair,
           ROW_NUMBER() OVER (ORDER BY pairing.conversation_id) / %(batch_size)s AS slice
      FROM (SELECT conversation.id AS conversation_id,
                   CAST(MIN(participant.user_id) AS text) || '-'
                   || CAST(MAX(participant.user_id) AS text) AS pair
              FROM chat_conversation AS conversation
              JOIN chat_conversationparticipant AS participant
                ON participant.conversation_id = conversation.id
             WHERE conversation.kind = 'direct' AND conversation.pair IS NULL
               AND conversation.deleted_at IS NULL
               AND conversation.id IN (SELECT conversation_id FROM import_joining)
             GROUP BY conversation.id HAVING COUNT(*) = 2) AS pairing"""

#: Both users are locked, so that nobody else makes their conversation meanwhile (rule 22).
_THEIR_USERS = """
    SELECT participant.user_id FROM import_pairing AS pairing
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = pairing.conversation_id
     WHERE pairing.slice = %(slice)s"""
_PAIR = """
    UPDATE chat_conversation AS conversation SET pair = first.pair
      FROM (SELECT MIN(conversation_id) AS conversation_id, pair
              FROM import_pairing WHERE slice = %(slice)s GROUP BY pair) AS first
     WHERE conversation.id = first.conversation_id AND conversation.deleted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM chat_conversation AS other WHERE other.pair = first.pair)
       AND NOT EXISTS (SELECT 1 FROM chat_conversationname AS known
                        WHERE known.name = 'pair:' || first.pair)"""


def pair_conversations(report: Report, batch_size: int) -> None:
    """Let each two people without a direct conversation have the first one of the history.

    Further ones of the same two stay as they are, besides it; the report counts them.
    """
    derive("import_pairing", _PAIRING, {"batch_size": batch_size}, index="slice")
    others = staged("pairing")
    for part in slices("import_pairing", "direct conversations"):
        with transaction.atomic():
            lock_selected(User, _THEIR_USERS, part)
            others -= execute(_PAIR, part)
    report.notes["direct conversations besides another one of the same two people"] += others
