"""Messages, each with rows for those who took part when it was sent."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from chat.models import IMPORTED, Conversation, Tracking
from receipts.importing.loading import refuse
from receipts.importing.order import source_order
from receipts.importing.participants import (
    NO_CONVERSATION,
    NO_PARTICIPANT,
    NO_USER,
    SAY_NO_CONVERSATION,
    SAY_NO_PARTICIPANT,
    SAY_NO_USER,
)
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices, staged
from receipts.importing.watermarks import hold_back
from receipts.rules.recipients import RECEIVED_IN_STAY_SQL
from receipts.rules.tracking import TRACKING_SQL
from receipts.sql.run import by_code_point, execute, fetch_rows

#: The id already belongs to another message: in the file, or from an earlier import.
_OTHER_IN_FILE = """EXISTS (
    SELECT 1 FROM import_message AS first
     WHERE first.line = (SELECT MIN(line) FROM import_message WHERE id = record.id)
       AND (first.conversation <> record.conversation OR first.username <> record.username
            OR first.sent_at <> record.sent_at))"""
_OTHER_STORED = f"""EXISTS (
    SELECT 1 FROM chat_message AS message
      JOIN chat_conversation AS conversation ON conversation.id = message.conversation_id
      JOIN chat_user AS sender ON sender.id = message.sender_id
     WHERE message.client_id = '{IMPORTED}' || record.id
       AND (conversation.external_id IS NULL OR conversation.external_id <> record.conversation
            OR sender.username <> record.username OR message.created_at <> record.sent_at))"""
_SAY_OTHER = "'id: message ' || record.id || ' has a different conversation, sender or sent_at '"


def _newer(other: str, record: str) -> str:
    """SQL condition: of two records of one message, ``other`` is the one that counts.

    The one that was edited last; of equals the one that is last by its text.
    """
    texts = [by_code_point(f"{name}.body") for name in (other, record)]
    times = [f"COALESCE({name}.edited_at, {name}.sent_at)" for name in (other, record)]
    return f"""({times[0]} > {times[1]} OR ({times[0]} = {times[1]}
               AND ({texts[0]} > {texts[1]}
                    OR ({texts[0]} = {texts[1]} AND {other}.line < {record}.line))))"""


#: How each message is sent: like ``services.send_message``, but to those who took part then.
_SENDING = f"""
    SELECT message.*, CAST(SUM(1 + message.recipient_count) OVER (
               ORDER BY message.created_at, message.source_order) AS bigint)
           / %(batch_size)s AS slice
      FROM (SELECT message.line, message.client_id, message.conversation_id, message.sender_id,
                   message.created_at, message.source_order,
                   {TRACKING_SQL} AS tracking,
                   CASE WHEN message.recipients > %(most)s THEN 0
                        ELSE message.recipients END AS recipient_count
              FROM (SELECT message.*,
                           (SELECT COUNT(DISTINCT stay.user_id) FROM import_stay AS stay
                             WHERE {RECEIVED_IN_STAY_SQL}) AS recipients
                      FROM (SELECT record.line, '{IMPORTED}' || record.id AS client_id,
                                   conversation.id AS conversation_id,
                                   conversation.receipt_policy, sender.id AS sender_id,
                                   participant.role, record.sent_at AS created_at,
                                   {source_order(f"'{IMPORTED}' || record.id")} AS source_order
                              FROM import_message AS record
                              JOIN chat_conversation AS conversation
                                ON conversation.external_id = record.conversation
                              JOIN chat_user AS sender ON sender.username = record.username
                              JOIN chat_conversationparticipant AS participant
                                ON participant.conversation_id = conversation.id
                               AND participant.user_id = sender.id
                             WHERE NOT EXISTS (SELECT 1 FROM import_message AS other
                                                WHERE other.id = record.id
                                                  AND other.line <> record.line
                                                  AND {_newer("other", "record")})
                           ) AS message) AS message) AS message"""

_IS_STORED = """stored.client_id = message.client_id
       AND stored.conversation_id = message.conversation_id
       AND stored.sender_id = message.sender_id"""

_PASS_OVER_STORED = f"""
    DELETE FROM import_sending AS message
     WHERE message.slice = %(slice)s
       AND EXISTS (SELECT 1 FROM chat_message AS stored WHERE {_IS_STORED})"""

_INSERT_MESSAGES = """
    INSERT INTO chat_message (conversation_id, sender_id, body, client_id, created_at, edited_at,
                              deleted_at, tracking, recipient_count, delivered_count, read_count,
                              failed_count)
    SELECT message.conversation_id, message.sender_id, record.body, message.client_id,
           message.created_at, record.edited_at, record.deleted_at, message.tracking,
           message.recipient_count, 0, 0, 0
      FROM import_sending AS message
      JOIN import_message AS record ON record.line = message.line
     WHERE message.slice = %(slice)s
     ORDER BY message.created_at, message.source_order"""

_INSERT_ROWS = f"""
    INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at)
    SELECT DISTINCT stored.id, stay.user_id, message.conversation_id, message.created_at
      FROM import_sending AS message
      JOIN chat_message AS stored ON {_IS_STORED}
      JOIN import_stay AS stay ON {RECEIVED_IN_STAY_SQL}
     WHERE message.slice = %(slice)s AND message.tracking <> '{Tracking.TOO_MANY_RECIPIENTS.value}'
     ORDER BY stored.id, stay.user_id"""

#: Conversations with a message that is later than one of the slice: its rows stand below
#: watermarks. Within a run messages are in order.
_IS_LATE = """
    SELECT 1 FROM (SELECT conversation_id, MIN(created_at) AS created_at FROM import_sending
                    WHERE slice = %(slice)s GROUP BY conversation_id) AS message
     WHERE EXISTS (SELECT 1 FROM chat_message AS stored
                    WHERE stored.conversation_id = message.conversation_id
                      AND stored.created_at > message.created_at) LIMIT 1"""
_RECIPIENTS = f"""
    SELECT DISTINCT message.conversation_id, stay.user_id
      FROM import_sending AS message
      JOIN import_stay AS stay ON {RECEIVED_IN_STAY_SQL}
     WHERE message.slice = %(slice)s"""


def check_messages(report: Report) -> None:
    """Refuse the messages that name nothing that exists, or contradict another."""
    refuse(report, "message", NO_USER, SAY_NO_USER.replace("user:", "sender:"))
    refuse(report, "message", NO_CONVERSATION, SAY_NO_CONVERSATION)
    refuse(report, "message", NO_PARTICIPANT, SAY_NO_PARTICIPANT.replace("user:", "sender:"))
    refuse(report, "message", _OTHER_IN_FILE, _SAY_OTHER + "|| 'in an earlier line'")
    refuse(report, "message", _OTHER_STORED, _SAY_OTHER + "|| 'in an earlier import'")
    report.good["message"] = staged("message")


def send_messages(report: Report, batch_size: int) -> None:
    """Insert the missing messages and their rows, in the order of the history."""
    most = settings.RECEIPTS_MAX_RECIPIENTS
    derive("import_sending", _SENDING, {"batch_size": batch_size, "most": most}, index="slice")
    for part in slices("import_sending", "messages"):
        with transaction.atomic():
            _send(part, report)
    if connection.vendor == "postgresql" and report.new["message"]:
        # Refresh planner statistics: without them the planner does not expect the new rows.
        execute("ANALYZE chat_message, receipts_messagestatus")


def _send(part: dict[str, int], report: Report) -> None:
    """One slice. The locks keep others from sending, joining or leaving: ids follow commits."""
    lock_selected(
        Conversation, "SELECT conversation_id FROM import_sending WHERE slice = %(slice)s", part
    )
    execute(_PASS_OVER_STORED, part)
    if fetch_rows(_IS_LATE, part):
        hold_back(_RECIPIENTS, part)
    report.new["message"] += execute(_INSERT_MESSAGES, part)
    report.changes["status rows written"] += execute(_INSERT_ROWS, part)
