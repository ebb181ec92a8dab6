"""Stays that come with a later file than the messages: rows are added, or removed.

A message's recipients follow from all stays that are known (rule 1, docs/decisions/0018).
"""

from __future__ import annotations

from django.db import transaction

from chat.models import Conversation, Message
from receipts.importing.order import IMPORTED_SQL, source_order
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices
from receipts.importing.watermarks import hold_back
from receipts.ledger.recounting import recount
from receipts.rules.recipients import RECEIVED_IN_STAY_SQL
from receipts.rules.tracking import HAS_ROWS_SQL
from receipts.sql.run import execute

#: Users with stays that are not applied to earlier messages yet, and users whose first message of
#: the very time at which they joined comes with this file.
_CHANGED = """
    SELECT stay.conversation_id, stay.user_id
      FROM receipts_historystay AS stay
      JOIN import_touched AS touched ON touched.conversation_id = stay.conversation_id
       AND touched.has_history
     WHERE NOT stay.is_applied
     UNION
    SELECT stay.conversation_id, stay.user_id
      FROM import_stay AS stay
      JOIN import_touched AS touched ON touched.conversation_id = stay.conversation_id
       AND touched.has_history
      JOIN chat_conversation AS conversation ON conversation.id = stay.conversation_id
      JOIN chat_user AS member ON member.id = stay.user_id
      JOIN import_message AS record ON record.conversation = conversation.external_id
       AND record.username = member.username AND record.sent_at = stay.joined_at
     WHERE stay.spoke_as IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM chat_messagename AS named WHERE named.external_id = record.id)"""

_EARLIER = f"""
      FROM import_changed AS changed
      JOIN (SELECT message.id, message.conversation_id, message.sender_id, message.created_at,
                   message.thread_id, {source_order("message.external_id")} AS source_order
              FROM chat_message AS message
             WHERE {IMPORTED_SQL} AND message.archived_at IS NULL
               AND {HAS_ROWS_SQL}) AS message
        ON message.conversation_id = changed.conversation_id"""
_RECEIVED = f"""EXISTS (
           SELECT 1 FROM import_stay AS stay
            WHERE stay.user_id = changed.user_id AND {RECEIVED_IN_STAY_SQL})"""

_MISSING = f"""
    SELECT message.id AS message_id, changed.user_id, changed.conversation_id,
           message.created_at AS sent_at, message.thread_id,
           ROW_NUMBER() OVER (ORDER BY message.id, changed.user_id) / %(batch_size)s AS slice
           {_EARLIER}
     WHERE {_RECEIVED} AND NOT EXISTS (
           SELECT 1 FROM receipts_messagestatus AS status
            WHERE status.message_id = message.id AND status.recipient_id = changed.user_id
              AND status.conversation_id = message.conversation_id)"""

#: Rows that a record of a stay gave, of which other records now say that it ended earlier, or
#: began after the message.
_SURPLUS = f"""
    SELECT message.id AS message_id, changed.user_id, changed.conversation_id,
           ROW_NUMBER() OVER (ORDER BY message.id, changed.user_id) / %(batch_size)s AS slice
           {_EARLIER}
      JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND status.recipient_id = changed.user_id
       AND status.conversation_id = message.conversation_id
     WHERE NOT {_RECEIVED} AND EXISTS (
           SELECT 1 FROM receipts_historystay AS stay
            WHERE stay.conversation_id = changed.conversation_id
              AND stay.user_id = changed.user_id
              AND (stay.joined_at IS NULL OR stay.joined_at <= message.created_at)
              AND (stay.left_at IS NULL OR stay.left_at > message.created_at))"""

_ADD = """
    INSERT INTO receipts_messagestatus (
           message_id, recipient_id, conversation_id, sent_at, thread_id)
    SELECT message_id, user_id, conversation_id, sent_at, thread_id FROM import_missing
     WHERE slice = %(slice)s ORDER BY message_id, user_id
        ON CONFLICT (message_id, recipient_id, conversation_id) DO NOTHING"""

_REMOVE = """
    DELETE FROM receipts_messagestatus AS status
     WHERE (status.message_id, status.recipient_id, status.conversation_id) IN (
           SELECT message_id, user_id, conversation_id FROM import_surplus
            WHERE slice = %(slice)s)"""


def apply_late_stays(report: Report, batch_size: int) -> None:
    """Give earlier messages the recipients that they have by all stays."""
    derive("import_changed", _CHANGED, index="conversation_id, user_id")
    for table, select, change, count in (
        ("import_missing", _MISSING, _ADD, "status rows written"),
        ("import_surplus", _SURPLUS, _REMOVE, "status rows removed"),
    ):
        derive(table, select, {"batch_size": batch_size}, index="slice")
        for part in slices(table, "late stays"):
            with transaction.atomic():
                _lock(table, part)
                report.changes[count] += execute(change, part)
                recount(f"SELECT message_id FROM {table} WHERE slice = %(slice)s", part)


def _lock(table: str, part: dict[str, int]) -> None:
    """Conversations, participants, messages: each in the order of their ids (rule 22)."""
    where = f"FROM {table} WHERE slice = %(slice)s"
    lock_selected(Conversation, f"SELECT conversation_id {where}", part)
    hold_back(f"SELECT DISTINCT conversation_id, user_id {where}", part)
    lock_selected(Message, f"SELECT message_id {where}", part)
