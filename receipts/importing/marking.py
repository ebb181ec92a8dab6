"""Receipts and watermarks: what each says becomes of the rows it covers, and nothing beyond."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

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
from receipts.importing.positions import advance_positions
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices, staged
from receipts.marks import Mark
from receipts.stamp import stamp

_MESSAGE = f"message.client_id = '{IMPORTED}' || record.message"

_NO_MESSAGE = f"NOT EXISTS (SELECT 1 FROM chat_message AS message WHERE {_MESSAGE})"
_NOT_OF_CONVERSATION = f"""NOT EXISTS (
    SELECT 1 FROM chat_message AS message
      JOIN chat_conversation AS conversation ON conversation.id = message.conversation_id
     WHERE {_MESSAGE} AND conversation.external_id = record.conversation)"""
_NO_RECIPIENT = f"""NOT EXISTS (
    SELECT 1 FROM chat_message AS message
      JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND status.conversation_id = message.conversation_id
      JOIN chat_user AS recipient ON recipient.id = status.recipient_id
     WHERE {_MESSAGE} AND recipient.username = record.username)"""

#: A receipt covers a stretch of one message.
_RECEIPTED = f"""
    SELECT message.conversation_id, member.id AS user_id,
           message.id - 1 AS past, message.id AS up_to,
           MIN(record.delivered_at) AS delivered_at, MIN(record.read_at) AS read_at,
           ROW_NUMBER() OVER (ORDER BY message.id, member.id) / %(batch_size)s AS slice
      FROM import_receipt AS record
      JOIN chat_user AS member ON member.username = record.username
      JOIN chat_message AS message ON {_MESSAGE}
     GROUP BY message.conversation_id, member.id, message.id"""

#: The watermarks of one user in one conversation cut its messages into stretches: each begins
#: past the watermark before, and what covers it first is the earliest of its own watermark and
#: all further on. So every row is covered by one stretch at most, however often it was read over.
#: Slices follow the messages, since then each one's counts change in few of them.
_WATERMARKED = f"""
      WITH position AS (
        SELECT message.conversation_id, member.id AS user_id, message.id AS up_to,
               MIN(record.delivered_at) AS delivered_at, MIN(record.read_at) AS read_at
          FROM import_watermark AS record
          JOIN chat_user AS member ON member.username = record.username
          JOIN chat_conversation AS conversation ON conversation.external_id = record.conversation
          JOIN chat_message AS message ON {_MESSAGE} AND message.conversation_id = conversation.id
         GROUP BY message.conversation_id, member.id, message.id
    ), place AS (
        SELECT id, ROW_NUMBER() OVER (PARTITION BY conversation_id ORDER BY id) AS place
          FROM chat_message
         WHERE conversation_id IN (SELECT conversation_id FROM position)
    ), stretch AS (
        SELECT position.conversation_id, position.user_id, position.up_to,
               COALESCE(LAG(position.up_to) OVER story, 0) AS past,
               MIN(position.delivered_at) OVER rest AS delivered_at,
               MIN(position.read_at) OVER rest AS read_at,
               place.place - COALESCE(LAG(place.place) OVER story, 0) AS messages
          FROM position JOIN place ON place.id = position.up_to
        WINDOW story AS (PARTITION BY position.conversation_id, position.user_id
                             ORDER BY position.up_to),
               rest AS (story ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
    )
    SELECT conversation_id, user_id, past, up_to, delivered_at, read_at,
           CAST(SUM(messages) OVER (ORDER BY conversation_id, up_to, user_id) AS bigint)
           / %(batch_size)s AS slice
      FROM stretch"""

#: From stretches to messages by the index ``message_in_conversation``, from there to the rows.
_STRETCHES = """JOIN {} AS mark ON mark.conversation_id = message.conversation_id
               AND mark.user_id = status.recipient_id
               AND message.id > mark.past AND message.id <= mark.up_to"""
_READ = "mark.read_at IS NOT NULL"
_DELIVERED = (
    "mark.delivered_at IS NOT NULL AND (mark.read_at IS NULL OR mark.delivered_at < mark.read_at)"
)
#: A history knows nothing of the messages that were sent here.
_COVERED = (
    f"mark.slice = %(slice)s AND SUBSTR(message.client_id, 1, {len(IMPORTED)}) = %(imported)s"
)


def mark_receipts(report: Report, batch_size: int, now: datetime) -> None:
    """What single receipts say. Nobody gets a row by a receipt: it must be there (rule 4)."""
    refuse(report, "receipt", NO_USER, SAY_NO_USER)
    refuse(report, "receipt", _NO_MESSAGE, "'there is no message ' || record.message")
    refuse(
        report,
        "receipt",
        _NO_RECIPIENT,
        "record.username || ' is no recipient of message ' || record.message",
    )
    report.good["receipt"] = staged("receipt")
    derive("import_receipted", _RECEIPTED, {"batch_size": batch_size}, index="slice")
    _mark("import_receipted", "receipts", report, now)


def mark_watermarks(report: Report, batch_size: int, now: datetime) -> None:
    """What watermarks say: everything up to a message."""
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
    derive("import_watermarked", _WATERMARKED, {"batch_size": batch_size}, index="slice")
    _mark("import_watermarked", "watermarks", report, now)
    advance_positions(report, batch_size)


def _mark(table: str, what: str, report: Report, now: datetime) -> None:
    """Mark each stretch read, and delivered where that was before the read or is all."""
    stretches = _STRETCHES.format(table)
    read = Mark(at=now, time="mark.read_at", read=True)
    delivered = Mark(at=now, time="mark.delivered_at")
    for part in slices(table, what):
        params = {**part, "imported": IMPORTED}
        with transaction.atomic():
            for mark, where in ((read, _READ), (delivered, _DELIVERED)):
                where = f"{_COVERED} AND {where}"
                change = mark.change(where, params, news=mark.untold, source=stretches)
                report.changes["status rows marked"] += stamp(change)
