"""Participants of conversations, and when they joined and left."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from receipts.importing.loading import refuse
from receipts.importing.order import IMPORTED_SQL
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices, staged
from receipts.sql.run import execute

NO_USER = "NOT EXISTS (SELECT 1 FROM chat_user WHERE username = record.username)"
#: One that is being deleted is none.
NO_CONVERSATION = """NOT EXISTS (
    SELECT 1 FROM chat_conversation
     WHERE external_id = record.conversation AND deleted_at IS NULL)"""
NO_PARTICIPANT = """NOT EXISTS (
    SELECT 1 FROM chat_conversationparticipant AS participant
      JOIN chat_user AS member ON member.id = participant.user_id
      JOIN chat_conversation AS conversation ON conversation.id = participant.conversation_id
     WHERE member.username = record.username AND conversation.external_id = record.conversation)"""

SAY_NO_USER = "'user: there is no user ' || record.username"
SAY_NO_CONVERSATION = "'conversation: there is no conversation ' || record.conversation"
SAY_NO_PARTICIPANT = (
    "'user: ' || record.username || ' is not a participant of ' || record.conversation"
)

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

#: Each conversation and user in the file once, in slices.
_JOINING = """
    SELECT conversation.id AS conversation_id, member.id AS user_id, record.conversation,
           record.username, ROW_NUMBER() OVER (ORDER BY record.line) / %(batch_size)s AS slice
      FROM (SELECT conversation, username, MIN(line) AS line
              FROM import_participant GROUP BY conversation, username) AS record
      JOIN chat_conversation AS conversation ON conversation.external_id = record.conversation
      JOIN chat_user AS member ON member.username = record.username"""

_INSERT_STAYS = """
    INSERT INTO receipts_historystay
           (conversation_id, user_id, joined_at, left_at, role, is_applied)
    SELECT DISTINCT joining.conversation_id, joining.user_id, record.joined_at, record.left_at,
           record.role, FALSE
      FROM import_joining AS joining
      JOIN import_participant AS record ON record.conversation = joining.conversation
       AND record.username = joining.username
     WHERE joining.slice = %(slice)s AND NOT EXISTS (
           SELECT 1 FROM receipts_historystay AS stay
            WHERE stay.conversation_id = joining.conversation_id
              AND stay.user_id = joining.user_id AND stay.role = record.role
              AND (stay.joined_at = record.joined_at
                   OR (stay.joined_at IS NULL AND record.joined_at IS NULL))
              AND (stay.left_at = record.left_at
                   OR (stay.left_at IS NULL AND record.left_at IS NULL)))"""

#: The time of a conversation's first message that was imported, and of the first in the file.
FIRST_IMPORTED_SQL = f"""(SELECT message.created_at FROM chat_message AS message
             WHERE message.conversation_id = stay.conversation_id AND {IMPORTED_SQL}
             ORDER BY message.created_at LIMIT 1)"""
_FIRST_IN_FILE_SQL = """(SELECT MIN(message.sent_at) FROM import_message AS message
              JOIN chat_conversation AS conversation
                ON conversation.external_id = message.conversation
             WHERE conversation.id = stay.conversation_id)"""

#: Each stay once: of several records, the one with the last end counts, and the highest role.
STAYS_SQL = """
    SELECT stay.conversation_id, stay.user_id, stay.joined_at, MAX(stay.left_at) AS left_at,
           MIN(CASE stay.role WHEN 'owner' THEN 1 WHEN 'admin' THEN 2 ELSE 3 END) AS rank
      FROM receipts_historystay AS stay
     WHERE {those}
     GROUP BY stay.conversation_id, stay.user_id, stay.joined_at"""

#: SELECT: what the participants' columns should be by all stays that are known: from the first
#: ``joined_at`` to the end of the last stay. ``{those}`` is a condition on ``stay``; ``{first}``
#: the time when a stay without ``joined_at`` begins, null if there is no message yet.
GIVEN_SQL = f"""
    SELECT stay.conversation_id, stay.user_id, stay.first_joined_at AS joined_at,
           CASE WHEN stay.left_at IS NOT NULL THEN stay.last_left_at END AS left_at,
           CASE stay.rank WHEN 1 THEN 'owner' WHEN 2 THEN 'admin' ELSE 'member' END AS role
      FROM (SELECT stay.*, MIN(stay.began_at) OVER pair AS first_joined_at,
                   MAX(stay.left_at) OVER pair AS last_left_at,
                   ROW_NUMBER() OVER (
                       PARTITION BY stay.conversation_id, stay.user_id
                           ORDER BY stay.joined_at IS NULL, stay.joined_at DESC,
                                    stay.left_at IS NULL, stay.left_at DESC, stay.rank
                   ) AS place
              FROM (SELECT stay.*,
                           CASE WHEN stay.joined_at IS NOT NULL THEN stay.joined_at
                                WHEN stay.left_at < stay.first_at THEN stay.left_at
                                ELSE COALESCE(stay.first_at, stay.left_at) END AS began_at
                      FROM (SELECT stay.*, CASE WHEN stay.joined_at IS NULL THEN {{first}} END
                                   AS first_at
                              FROM ({STAYS_SQL}) AS stay) AS stay) AS stay
            WINDOW pair AS (PARTITION BY stay.conversation_id, stay.user_id)) AS stay
     WHERE stay.place = 1"""

_GIVEN_NOW_SQL = GIVEN_SQL.format(
    those="(stay.conversation_id, stay.user_id) IN (SELECT conversation_id, user_id"
    " FROM import_joining WHERE slice = %(slice)s)",
    first=f"(SELECT MIN(first_at) FROM (SELECT {FIRST_IMPORTED_SQL} AS first_at"
    f" UNION ALL SELECT {_FIRST_IN_FILE_SQL}) AS first)",
)
_INSERT_MEMBERS = f"""
    INSERT INTO receipts_historymember (conversation_id, user_id, joined_at, left_at, role)
    SELECT given.conversation_id, given.user_id, COALESCE(given.joined_at, %(now)s),
           given.left_at, given.role
      FROM ({_GIVEN_NOW_SQL}) AS given
     WHERE NOT EXISTS (SELECT 1 FROM chat_conversationparticipant AS participant
                        WHERE participant.conversation_id = given.conversation_id
                          AND participant.user_id = given.user_id)
        ON CONFLICT (conversation_id, user_id) DO NOTHING"""
_INSERT_PARTICIPANTS = """
    INSERT INTO chat_conversationparticipant
           (conversation_id, user_id, role, is_active, joined_at, left_at, is_muted, is_banned)
    SELECT member.conversation_id, member.user_id, member.role, member.left_at IS NULL,
           member.joined_at, member.left_at, FALSE, FALSE
      FROM import_joining AS joining
      JOIN receipts_historymember AS member ON member.conversation_id = joining.conversation_id
       AND member.user_id = joining.user_id
     WHERE joining.slice = %(slice)s
     ORDER BY member.conversation_id, member.user_id
        ON CONFLICT (conversation_id, user_id) DO NOTHING"""


def add_participants(report: Report, batch_size: int, now: datetime) -> None:
    """Store the stays, and insert the missing participants."""
    refuse(report, "participant", NO_USER, SAY_NO_USER)
    refuse(report, "participant", NO_CONVERSATION, SAY_NO_CONVERSATION)
    refuse(
        report,
        "participant",
        _THIRD_OF_TWO,
        "'conversation: a direct conversation has two participants'",
    )
    report.good["participant"] = staged("participant")
    derive("import_joining", _JOINING, {"batch_size": batch_size}, index="slice")
    for part in slices("import_joining", "participants"):
        with transaction.atomic():
            execute(_INSERT_STAYS, part)
            execute(_INSERT_MEMBERS, {**part, "now": now})
            report.new["participant"] += execute(_INSERT_PARTICIPANTS, part)
