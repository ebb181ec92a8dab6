"""Who took part when, by this file, by earlier ones, and by what happened here."""

from __future__ import annotations

from receipts.importing.names import named_sql
from receipts.importing.order import IMPORTED_SQL, source_order
from receipts.importing.participants import FIRST_IMPORTED_SQL, GIVEN_SQL, STAYS_SQL
from receipts.importing.staging import derive

#: The conversations that the file names, and whether messages of them were imported before.
_TOUCHED = f"""
    SELECT touched.conversation_id, EXISTS (
           SELECT 1 FROM chat_message AS message
            WHERE message.conversation_id = touched.conversation_id AND {IMPORTED_SQL}
           ) AS has_history
      FROM (SELECT conversation.id AS conversation_id
              FROM (SELECT conversation FROM import_participant
                     UNION SELECT conversation FROM import_message
                     UNION SELECT conversation FROM import_watermark
                     UNION SELECT conversation FROM import_seen) AS named
              JOIN chat_conversation AS conversation
                ON conversation.external_id = named.conversation
             UNION
            SELECT message.conversation_id FROM import_receipt AS record
              JOIN {named_sql("record.message")}
           ) AS touched"""

_THOSE = "stay.conversation_id IN (SELECT conversation_id FROM import_touched)"

#: SQL condition: the participant still is what imports wrote (``HistoryMember``).
OURS_SQL = """member.conversation_id = participant.conversation_id
       AND member.user_id = participant.user_id AND member.role = participant.role
       AND member.joined_at = participant.joined_at AND NOT participant.is_banned
       AND (member.left_at = participant.left_at
            OR (member.left_at IS NULL AND participant.left_at IS NULL))"""

#: Where a stay without an end has ended: with the last stay, or where its user left here.
_ENDED_HERE_SQL = f"""
    CASE WHEN NOT EXISTS (SELECT 1 FROM receipts_historymember AS member WHERE {OURS_SQL})
         THEN COALESCE((SELECT MIN(departure.at) FROM chat_departure AS departure
                         WHERE departure.conversation_id = stay.conversation_id
                           AND departure.user_id = stay.user_id
                           AND departure.up_to IS NOT NULL
                           AND (stay.joined_at IS NULL OR departure.at >= stay.joined_at)),
                       participant.left_at) END"""

#: The time in whose second a user joined and first wrote decides by the order of the messages:
#: ``spoke_as`` is the place of their own first message at that time.
_SPOKE_AS_SQL = f"""(
           SELECT MIN(own.source_order) FROM (
               SELECT {source_order("record.id")} AS source_order
                 FROM import_message AS record
                WHERE record.conversation = stay.external_id
                  AND record.username = stay.username AND record.sent_at = stay.joined_at
                UNION ALL
               SELECT {source_order("message.external_id")} FROM chat_message AS message
                WHERE message.conversation_id = stay.conversation_id
                  AND message.created_at = stay.joined_at
                  AND message.sender_id = stay.user_id AND {IMPORTED_SQL}) AS own)"""

#: Each stay, with its end. Participants who joined here, too, have that stay besides.
_STAYS = f"""
    SELECT stay.conversation_id, stay.user_id, stay.joined_at, stay.left_at,
           {_SPOKE_AS_SQL} AS spoke_as
      FROM (SELECT stay.*, conversation.external_id, member.username
              FROM (SELECT stay.conversation_id, stay.user_id, stay.joined_at,
                           COALESCE(stay.left_at, given.left_at, {_ENDED_HERE_SQL}) AS left_at
                      FROM ({STAYS_SQL.format(those=_THOSE)}) AS stay
                      JOIN import_given AS given
                        ON given.conversation_id = stay.conversation_id
                       AND given.user_id = stay.user_id
                      JOIN chat_conversationparticipant AS participant
                        ON participant.conversation_id = stay.conversation_id
                       AND participant.user_id = stay.user_id
                     UNION ALL
                    SELECT participant.conversation_id, participant.user_id,
                           participant.joined_at, participant.left_at
                      FROM chat_conversationparticipant AS participant
                     WHERE participant.conversation_id IN (
                           SELECT conversation_id FROM import_touched)
                       AND NOT EXISTS (
                           SELECT 1 FROM receipts_historymember AS member
                            WHERE member.conversation_id = participant.conversation_id
                              AND member.user_id = participant.user_id
                              AND member.joined_at = participant.joined_at)
                   ) AS stay
              JOIN chat_conversation AS conversation ON conversation.id = stay.conversation_id
              JOIN chat_user AS member ON member.id = stay.user_id) AS stay"""


def derive_stays() -> None:
    """Derive the conversations that the file touches, and all stays in them."""
    derive("import_touched", _TOUCHED, index="conversation_id")
    derive_given()
    derive("import_stay", _STAYS, index="conversation_id, user_id")


def derive_given() -> None:
    """Derive what the participants' columns should be."""
    given = GIVEN_SQL.format(those=_THOSE, first=FIRST_IMPORTED_SQL)
    derive("import_given", given, index="conversation_id, user_id")
