"""Messages, each with rows for those who took part when it was sent."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from chat.models import Conversation, Tracking
from receipts.importing.messages import refuse_names_of_others
from receipts.importing.order import IMPORTED_SQL, source_order
from receipts.importing.report import Report
from receipts.importing.staging import derive, insert, lock_selected, slices
from receipts.importing.watermarks import hold_back
from receipts.ledger.noting import note_messages
from receipts.rules.recipients import RECEIVED_IN_STAY_SQL
from receipts.rules.tracking import HAS_ROWS_SQL, TRACKING_SQL
from receipts.sql.run import by_code_point, execute, fetch_rows


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
      FROM (SELECT message.line, message.name, message.conversation_id, message.sender_id,
                   message.created_at, message.source_order,
                   CASE WHEN message.kind = 'system' THEN '{Tracking.SYSTEM.value}'
                        ELSE {TRACKING_SQL} END AS tracking,
                   CASE WHEN message.recipients > %(most)s THEN 0
                        ELSE message.recipients END AS recipient_count
              FROM (SELECT message.*,
                           CASE WHEN message.kind = 'system' THEN 0
                                ELSE (SELECT COUNT(DISTINCT stay.user_id)
                                        FROM import_stay AS stay
                                       WHERE {RECEIVED_IN_STAY_SQL}) END AS recipients
                      FROM (SELECT record.line, record.id AS name, record.kind,
                                   conversation.id AS conversation_id,
                                   conversation.receipt_policy, sender.id AS sender_id,
                                   participant.role, record.sent_at AS created_at,
                                   {source_order("record.id")} AS source_order
                              FROM import_message AS record
                              JOIN chat_conversation AS conversation
                                ON conversation.external_id = record.conversation
                              JOIN chat_user AS sender ON sender.username = record.username
                              LEFT JOIN chat_conversationparticipant AS participant
                                ON participant.conversation_id = conversation.id
                               AND participant.user_id = sender.id
                             WHERE NOT EXISTS (SELECT 1 FROM import_message AS other
                                                WHERE other.id = record.id
                                                  AND other.line <> record.line
                                                  AND {_newer("other", "record")})
                           ) AS message) AS message) AS message"""

_PASS_OVER_STORED = f"""
    DELETE FROM import_sending AS sending
     WHERE sending.slice = %(slice)s AND EXISTS (
           SELECT 1 FROM chat_messagename AS named
             JOIN chat_message AS message ON message.id = named.message_id
              AND message.conversation_id = named.conversation_id AND {IMPORTED_SQL}
            WHERE named.external_id = sending.name
              AND message.conversation_id = sending.conversation_id
              AND message.sender_id = sending.sender_id
              AND message.created_at = sending.created_at)"""

_INSERT_MESSAGES = """
    INSERT INTO chat_message (conversation_id, sender_id, body, external_id, created_at, edited_at,
                              deleted_at, tracking, is_activity, is_imported, recipient_count,
                              delivered_count, read_count, failed_count)
    SELECT message.conversation_id, message.sender_id, record.body, message.name,
           message.created_at, record.edited_at, record.deleted_at, message.tracking,
           record.kind <> 'system' OR record.activity, TRUE, message.recipient_count, 0, 0, 0
      FROM import_sending AS message
      JOIN import_message AS record ON record.line = message.line
     WHERE message.slice = %(slice)s
     ORDER BY message.created_at, message.source_order
 RETURNING external_id, id, conversation_id"""

_INSERT_ROWS = f"""
    INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at)
    SELECT DISTINCT named.message_id, stay.user_id, message.conversation_id, message.created_at
      FROM import_sending AS message
      JOIN chat_messagename AS named ON named.external_id = message.name
      JOIN import_stay AS stay ON {RECEIVED_IN_STAY_SQL}
     WHERE message.slice = %(slice)s AND {HAS_ROWS_SQL}
     ORDER BY named.message_id, stay.user_id"""

_DROP_REFUSED = """
    DELETE FROM import_sending AS sending
     WHERE NOT EXISTS (SELECT 1 FROM import_message AS record WHERE record.line = sending.line)"""

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


def send_messages(report: Report, batch_size: int) -> None:
    """Insert the missing messages and their rows, in the order of the history."""
    most = settings.RECEIPTS_MAX_RECIPIENTS
    derive("import_sending", _SENDING, {"batch_size": batch_size, "most": most}, index="slice")
    for part in slices("import_sending", "messages"):
        _send_slice(part, report)
    if connection.vendor == "postgresql" and report.new["message"]:
        # Refresh planner statistics: without them the planner does not expect the new rows.
        execute("ANALYZE chat_message, chat_messagename, receipts_messagestatus")


def _send_slice(part: dict[str, int], report: Report) -> None:
    """One slice; again without the messages whose names others were given in that moment."""
    while True:
        try:
            with transaction.atomic():
                messages, rows = _send(part)
        except IntegrityError:
            if not refuse_names_of_others(report):
                raise
            execute(_DROP_REFUSED)
        else:
            report.new["message"] += messages
            report.changes["status rows written"] += rows
            return


def _send(part: dict[str, int]) -> tuple[int, int]:
    """The numbers of messages and rows that are inserted.

    The locks keep others from sending, joining or leaving: ids follow commits. Names are inserted
    last and in one order, so that nobody who waits for one holds what another needs (rule 22).
    """
    lock_selected(
        Conversation, "SELECT conversation_id FROM import_sending WHERE slice = %(slice)s", part
    )
    execute(_PASS_OVER_STORED, part)
    if fetch_rows(_IS_LATE, part):
        hold_back(_RECIPIENTS, part)
    names = fetch_rows(_INSERT_MESSAGES, part)
    insert("chat_messagename (external_id, message_id, conversation_id)", sorted(names))
    note_messages([message_id for _, message_id, _ in names])
    return len(names), execute(_INSERT_ROWS, part)
