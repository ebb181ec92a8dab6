"""Receipts and watermarks: each is applied to the rows it covers, and to no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chat.models import IMPORTED
from receipts.importing.loading import refuse
from receipts.importing.participants import (
    NO_CONVERSATION,
    NO_PARTICIPANT,
    NO_USER,
    SAY_NO_CONVERSATION,
    SAY_NO_PARTICIPANT,
    SAY_NO_USER,
)
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices, staged
from receipts.importing.watermarks import import_watermarks
from receipts.ledger.marks import Mark
from receipts.ledger.stamp import stamp

_MESSAGE = f"message.client_id = '{IMPORTED}' || record.message"

_NO_MESSAGE = f"NOT EXISTS (SELECT 1 FROM chat_message AS message WHERE {_MESSAGE})"
_NOT_OF_CONVERSATION = f"""NOT EXISTS (
    SELECT 1 FROM chat_message AS message
      JOIN chat_conversation AS conversation ON conversation.id = message.conversation_id
     WHERE {_MESSAGE} AND conversation.external_id = record.conversation)"""
#: The recipients of an archived message are no longer known; that all of them read it is.
_NO_RECIPIENT = f"""NOT EXISTS (
    SELECT 1 FROM chat_message AS message
     WHERE {_MESSAGE} AND message.archived_at IS NOT NULL)
       AND NOT EXISTS (
    SELECT 1 FROM chat_message AS message
      JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND status.conversation_id = message.conversation_id
      JOIN chat_user AS recipient ON recipient.id = status.recipient_id
     WHERE {_MESSAGE} AND recipient.username = record.username)"""

#: Each watermark once, with ids instead of names.
_POSITIONS = f"""
    SELECT message.conversation_id, member.id AS user_id, message.id AS message_id,
           MIN(record.delivered_at) AS delivered_at, MIN(record.read_at) AS read_at
      FROM import_watermark AS record
      JOIN chat_user AS member ON member.username = record.username
      JOIN chat_conversation AS conversation ON conversation.external_id = record.conversation
      JOIN chat_message AS message ON {_MESSAGE} AND message.conversation_id = conversation.id
     GROUP BY message.conversation_id, member.id, message.id"""

#: The times of each row, from watermarks and receipts. A row is covered by every watermark of its
#: recipient at its own message or a later one: going down from the newest, the earliest time so
#: far. A history does not mark messages that were sent here.
_MARKS = f"""
      WITH story AS (
        SELECT conversation_id, user_id, message_id, 0 AS is_row, delivered_at, read_at
          FROM import_position
         UNION ALL
        SELECT status.conversation_id, status.recipient_id, status.message_id, 1, NULL, NULL
          FROM chat_message AS message
          JOIN receipts_messagestatus AS status ON status.message_id = message.id
           AND status.conversation_id = message.conversation_id
         WHERE message.conversation_id IN (SELECT conversation_id FROM import_position)
           AND message.client_id LIKE %(imported)s
           AND EXISTS (SELECT 1 FROM import_position AS position
                        WHERE position.conversation_id = status.conversation_id
                          AND position.user_id = status.recipient_id)
    ), covered AS (
        SELECT conversation_id, user_id, message_id, is_row,
               MIN(delivered_at) OVER down AS delivered_at, MIN(read_at) OVER down AS read_at
          FROM story
        WINDOW down AS (PARTITION BY conversation_id, user_id ORDER BY message_id DESC, is_row)
    ), said AS (
        SELECT conversation_id, user_id, message_id, delivered_at, read_at
          FROM covered WHERE is_row = 1 AND delivered_at IS NOT NULL
         UNION ALL
        SELECT message.conversation_id, member.id, message.id, record.delivered_at, record.read_at
          FROM import_receipt AS record
          JOIN chat_user AS member ON member.username = record.username
          JOIN chat_message AS message ON {_MESSAGE}
    )
    SELECT conversation_id, user_id, message_id,
           MIN(delivered_at) AS delivered_at, MIN(read_at) AS read_at,
           ROW_NUMBER() OVER (ORDER BY message_id, user_id) / %(batch_size)s AS slice
      FROM said
     GROUP BY conversation_id, user_id, message_id"""

_ROWS = """JOIN import_mark AS mark ON mark.message_id = status.message_id
               AND mark.user_id = status.recipient_id
               AND mark.conversation_id = status.conversation_id"""
_READ = "mark.slice = %(slice)s AND mark.read_at IS NOT NULL"
#: A read implies its delivery; these are the other deliveries, and those before their read.
_DELIVERED = """mark.slice = %(slice)s AND mark.delivered_at IS NOT NULL
       AND (mark.read_at IS NULL OR mark.delivered_at < mark.read_at)"""


def apply_marks(report: Report, batch_size: int, now: datetime) -> None:
    """Apply receipts and watermarks to the rows, then move the participants' watermarks."""
    _check_receipts(report)
    _check_watermarks(report)
    sizes = {"batch_size": batch_size, "imported": f"{IMPORTED}%"}
    derive("import_position", _POSITIONS, index="conversation_id, user_id")
    derive("import_mark", _MARKS, sizes, index="slice")
    read = Mark(at=now, at_sql="mark.read_at", read=True)
    delivered = Mark(at=now, at_sql="mark.delivered_at")
    for part in slices("import_mark", "marks"):
        # One stamp per transaction, as everywhere: messages are locked in id order (rule 22).
        for mark, where in ((read, _READ), (delivered, _DELIVERED)):
            change = mark.change(where, part, condition_sql=mark.never_or_later_sql, source=_ROWS)
            report.changes["status rows marked"] += stamp(replace(change, quiet=True))
    import_watermarks(report, batch_size)


def _check_receipts(report: Report) -> None:
    """A receipt never creates a row: the row must exist (rule 4)."""
    refuse(report, "receipt", NO_USER, SAY_NO_USER)
    refuse(report, "receipt", _NO_MESSAGE, "'there is no message ' || record.message")
    refuse(
        report,
        "receipt",
        _NO_RECIPIENT,
        "record.username || ' is not a recipient of message ' || record.message",
    )
    report.good["receipt"] = staged("receipt")


def _check_watermarks(report: Report) -> None:
    """Only participants have watermarks, and only at messages of the conversation (rule 7)."""
    refuse(report, "watermark", NO_USER, SAY_NO_USER)
    refuse(report, "watermark", NO_CONVERSATION, SAY_NO_CONVERSATION)
    refuse(report, "watermark", NO_PARTICIPANT, SAY_NO_PARTICIPANT)
    refuse(
        report,
        "watermark",
        _NOT_OF_CONVERSATION,
        "'there is no message ' || record.message || ' in ' || record.conversation",
    )
    report.good["watermark"] = staged("watermark")
