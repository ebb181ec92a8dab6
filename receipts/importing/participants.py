"""Participants of conversations, and when they joined and left."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from receipts.importing.loading import refuse
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices, staged
from receipts.sql.run import execute

NO_USER = "NOT EXISTS (SELECT 1 FROM chat_user WHERE username = record.username)"
NO_CONVERSATION = (
    "NOT EXISTS (SELECT 1 FROM chat_conversation WHERE external_id = record.conversation)"
)
NO_PARTICIPANT = """NOT EXISTS (
    SELECT 1 FROM chat_conversationparticipant AS participant
      JOIN chat_user AS member ON member.id = participant.user_id
      JOIN chat_conversation AS conversation ON conversation.id = participant.conversation_id
     WHERE member.username = record.username AND conversation.external_id = record.conversation)"""

SAY_NO_USER = "'there is no user ' || record.username"
SAY_NO_CONVERSATION = "'there is no conversation ' || record.conversation"
SAY_NO_PARTICIPANT = "record.username || ' is not a participant of ' || record.conversation"

#: Any user after the first two of a direct conversation, in the order of the file.
_THIRD_OF_TWO = f"""(record.conversation, record.username) IN (
    SELECT pair.conversation, pair.username FROM (
        SELECT pair.conversation, pair.username,
               (SELECT COUNT(*) FROM chat_conversationparticipant AS participant
                 WHERE participant.conversation_id = conversation.id)
               + ROW_NUMBER() OVER (PARTITION BY conversation.id ORDER BY pair.line) AS place
          FROM (SELECT record.conversation, record.username, MIN(record.line) AS line
                  FROM import_participant AS record
                 WHERE {NO_PARTICIPANT}
                 GROUP BY record.conversation, record.username) AS pair
          JOIN chat_conversation AS conversation
            ON conversation.external_id = pair.conversation AND conversation.kind = 'direct'
    ) AS pair WHERE pair.place > 2)"""

_BEGIN_WITH_FIRST_MESSAGE = """
    UPDATE import_participant SET joined_at =
           CASE WHEN left_at < first.sent_at THEN left_at ELSE first.sent_at END
      FROM (SELECT conversation, MIN(sent_at) AS sent_at FROM import_message GROUP BY conversation)
           AS first
     WHERE joined_at IS NULL AND first.conversation = import_participant.conversation"""

#: Each conversation and user once: from the first ``joined_at`` to the end of the last stay.
_JOINING = """
    SELECT conversation.id AS conversation_id, member.id AS user_id, record.role,
           record.first_joined_at AS joined_at, record.left_at,
           ROW_NUMBER() OVER (ORDER BY record.line) / %(batch_size)s AS slice
      FROM (SELECT import_participant.*, MIN(joined_at) OVER pair AS first_joined_at,
                   ROW_NUMBER() OVER (
                       pair ORDER BY joined_at DESC, left_at IS NULL, left_at DESC, line DESC
                   ) AS place
              FROM import_participant
            WINDOW pair AS (PARTITION BY conversation, username)) AS record
      JOIN chat_conversation AS conversation ON conversation.external_id = record.conversation
      JOIN chat_user AS member ON member.username = record.username
     WHERE record.place = 1"""

_INSERT_PARTICIPANTS = """
    INSERT INTO chat_conversationparticipant
           (conversation_id, user_id, role, is_active, joined_at, left_at, is_muted, is_banned)
    SELECT conversation_id, user_id, role, left_at IS NULL, joined_at, left_at, %(no)s, %(no)s
      FROM import_joining WHERE slice = %(slice)s
     ORDER BY conversation_id, user_id
        ON CONFLICT (conversation_id, user_id) DO NOTHING"""

#: Each stay in the file, and the stored times of participants that the file does not mention.
#: ``spoke_in`` is the line of their own first message in the second in which they joined, or 0.
_STAYS = """
    SELECT conversation.id AS conversation_id, member.id AS user_id,
           stay.joined_at, stay.left_at,
           COALESCE((SELECT MIN(message.line) FROM import_message AS message
                      WHERE message.conversation = stay.conversation
                        AND message.username = stay.username
                        AND message.sent_at = stay.joined_at), 0) AS spoke_in
      FROM (SELECT conversation, username, joined_at, MAX(left_at) AS left_at
              FROM import_participant GROUP BY conversation, username, joined_at) AS stay
      JOIN chat_conversation AS conversation ON conversation.external_id = stay.conversation
      JOIN chat_user AS member ON member.username = stay.username
     UNION ALL
    SELECT participant.conversation_id, participant.user_id,
           participant.joined_at, participant.left_at, 0
      FROM chat_conversationparticipant AS participant
      JOIN chat_conversation AS conversation ON conversation.id = participant.conversation_id
      JOIN chat_user AS member ON member.id = participant.user_id
     WHERE conversation.external_id IN (SELECT conversation FROM import_message)
       AND NOT EXISTS (SELECT 1 FROM import_participant AS record
                        WHERE record.conversation = conversation.external_id
                          AND record.username = member.username)"""


def add_participants(report: Report, batch_size: int, now: datetime) -> None:
    """Derive all stays, for the later steps, and insert the missing participants."""
    refuse(report, "participant", NO_USER, SAY_NO_USER)
    refuse(report, "participant", NO_CONVERSATION, SAY_NO_CONVERSATION)
    refuse(report, "participant", _THIRD_OF_TWO, "'a direct conversation has two participants'")
    derive("import_stay", _STAYS, index="conversation_id, user_id")
    execute(_BEGIN_WITH_FIRST_MESSAGE)
    execute(
        "UPDATE import_participant SET joined_at = COALESCE(left_at, %(now)s)"
        " WHERE joined_at IS NULL",
        {"now": now},
    )
    report.good["participant"] = staged("participant")
    derive("import_joining", _JOINING, {"batch_size": batch_size}, index="slice")
    for part in slices("import_joining", "participants"):
        with transaction.atomic():
            report.new["participant"] += execute(_INSERT_PARTICIPANTS, {**part, "no": False})
