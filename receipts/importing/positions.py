"""How far each user had come: stored for later imports, and derived for this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from receipts.importing.loading import refuse
from receipts.importing.names import imported_sql, say_no_message
from receipts.importing.order import IMPORTED_SQL, source_order
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
from receipts.sql.run import execute

_OF_CONVERSATION = """message.conversation_id = (
           SELECT conversation.id FROM chat_conversation AS conversation
            WHERE conversation.external_id = record.conversation)"""
_NOT_OF_CONVERSATION = f"""record.message IS NOT NULL
    AND NOT {imported_sql("record.message", _OF_CONVERSATION)}"""
#: The field that names the message, by the type of the record.
_FIELD = {
    "watermark": "CASE WHEN record.read_at IS NULL THEN 'delivered_up_to' ELSE 'read_up_to' END",
    "seen": "'up_to'",
}


def hidden_sql(asked: str, told: str) -> str:
    """SQL condition: a read is private, because ``asked`` says so or its reader ``member`` hides
    reads (``rules.privacy.reads_privately``) and it was not ``told`` already.

    Switching receipts off takes nothing back (rule 13), so a repeated import must not either.
    """
    return f"""CASE WHEN %(mandatory)s THEN FALSE WHEN {asked} IS NOT NULL THEN {asked}
                ELSE NOT member.read_receipts_enabled AND NOT {told} END"""


def hidden_delivery_sql(told: str) -> str:
    """SQL condition: a delivery is private (``rules.privacy.delivers_privately``), likewise."""
    return f"(NOT %(mandatory)s AND NOT member.delivery_receipts_enabled AND NOT {told})"


_TOLD_SQL = """EXISTS (
           SELECT 1 FROM receipts_messagestatus AS status
            WHERE status.message_id = named.message_id AND status.recipient_id = member.id
              AND status.conversation_id = named.conversation_id
              AND status.{0} = record.{0})"""

#: The records of the file that are not stored yet, with our ids instead of names.
_NEW = f"""
    SELECT record.*, ROW_NUMBER() OVER (ORDER BY conversation_id, user_id) / %(batch_size)s AS slice
      FROM (SELECT DISTINCT conversation.id AS conversation_id, member.id AS user_id,
                   named.message_id, record.delivered_at, record.read_at,
                   record.read_at IS NOT NULL
                   AND ({hidden_sql("record.private", _TOLD_SQL.format("read_at"))}) AS is_private,
                   record.delivered_at IS NOT NULL
                   AND {hidden_delivery_sql(_TOLD_SQL.format("delivered_at"))} AS is_hidden,
                   record.read_at IS NOT NULL AND record.private IS NULL AS by_switch
              FROM (SELECT conversation, username, message, delivered_at, read_at, private
                      FROM import_watermark
                     UNION ALL
                    SELECT conversation, username, message, NULL, NULL, NULL FROM import_seen
                   ) AS record
              JOIN chat_user AS member ON member.username = record.username
              JOIN chat_conversation AS conversation
                ON conversation.external_id = record.conversation
              LEFT JOIN chat_messagename AS named ON named.external_id = record.message
               AND named.conversation_id = conversation.id) AS record
     WHERE NOT EXISTS (
           SELECT 1 FROM receipts_historyposition AS stored
            WHERE stored.conversation_id = record.conversation_id
              AND stored.user_id = record.user_id
              AND COALESCE(stored.message_id, 0) = COALESCE(record.message_id, 0)
              AND (stored.delivered_at = record.delivered_at
                   OR (stored.delivered_at IS NULL AND record.delivered_at IS NULL))
              AND (stored.read_at = record.read_at
                   OR (stored.read_at IS NULL AND record.read_at IS NULL))
              AND stored.by_switch = record.by_switch
              AND (stored.by_switch OR stored.is_private = record.is_private))"""
_COLUMNS = (
    "conversation_id, user_id, message_id, delivered_at, read_at, is_private, by_switch, is_hidden"
)
_INSERT = f"""
    INSERT INTO receipts_historyposition ({_COLUMNS})
    SELECT {_COLUMNS} FROM import_new_position WHERE slice = %(slice)s"""

#: The imported messages of conversations with positions, in their order.
_PLACES = f"""
    SELECT message.id AS message_id, message.conversation_id, message.created_at AS sent_at,
           ROW_NUMBER() OVER (
               PARTITION BY message.conversation_id
                   ORDER BY message.created_at, {source_order("message.external_id")}) AS place
      FROM chat_message AS message
     WHERE message.conversation_id IN (SELECT conversation_id FROM import_touched)
       AND (%(assume_seen)s OR message.conversation_id IN (
            SELECT conversation_id FROM receipts_historyposition))
       AND {IMPORTED_SQL}"""
_LAST_PLACE = 1_000_000_000_000_000

#: All positions of the conversations that the file touches; ``seen`` is 1 for those without times.
_POSITIONS = f"""
    SELECT said.conversation_id, said.user_id, said.message_id,
           COALESCE(MAX(place.place), {_LAST_PLACE}) AS place, MAX(place.sent_at) AS sent_at,
           MIN(CASE WHEN NOT said.is_hidden THEN said.delivered_at END) AS delivered_at,
           MIN(CASE WHEN said.is_hidden THEN said.delivered_at END) AS received_at,
           MIN(CASE WHEN NOT said.is_private THEN said.read_at END) AS open_at,
           MIN(CASE WHEN said.is_private THEN said.read_at END) AS private_at,
           MAX(CASE WHEN said.delivered_at IS NULL THEN 1 ELSE 0 END) AS seen
      FROM (SELECT {_COLUMNS} FROM receipts_historyposition
             WHERE conversation_id IN (SELECT conversation_id FROM import_touched)
             UNION ALL
            SELECT participant.conversation_id, participant.user_id, NULL, NULL, NULL, FALSE,
                   FALSE, FALSE
              FROM chat_conversationparticipant AS participant
              JOIN import_touched AS touched
                ON touched.conversation_id = participant.conversation_id
             WHERE %(assume_seen)s) AS said
      LEFT JOIN import_place AS place ON place.message_id = said.message_id
     GROUP BY said.conversation_id, said.user_id, said.message_id"""


def check_positions(report: Report) -> None:
    """Only participants have positions, and only at messages of the conversation (rule 7)."""
    for kind, field in _FIELD.items():
        refuse(report, kind, NO_USER, SAY_NO_USER)
        refuse(report, kind, NO_CONVERSATION, SAY_NO_CONVERSATION)
        refuse(report, kind, NO_PARTICIPANT, SAY_NO_PARTICIPANT)
        refuse(
            report,
            kind,
            _NOT_OF_CONVERSATION,
            say_no_message(
                field,
                "record.message",
                "': there is no message ' || record.message || ' in ' || record.conversation",
            ),
        )
        report.good[kind] = staged(kind)


def derive_positions(batch_size: int, *, assume_seen: bool) -> None:
    """Store the positions of the file, and derive all that are known.

    ``assume_seen``: everybody has seen what is imported, as far as this run is concerned.
    """
    params: Mapping[str, Any] = {"batch_size": batch_size, "mandatory": settings.RECEIPTS_MANDATORY}
    derive("import_new_position", _NEW, params, index="slice")
    for part in slices("import_new_position", "positions"):
        with transaction.atomic():
            execute(_INSERT, part)
    derive("import_place", _PLACES, {"assume_seen": assume_seen}, index="message_id")
    derive(
        "import_position",
        _POSITIONS,
        {"assume_seen": assume_seen},
        index="conversation_id, user_id",
    )
