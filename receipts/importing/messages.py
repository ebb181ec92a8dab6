"""Which messages of a history are refused: those that name nothing, or contradict another."""

from __future__ import annotations

from chat.models import Tracking
from receipts.importing.loading import refuse
from receipts.importing.names import say_no_message
from receipts.importing.order import IMPORTED_SQL
from receipts.importing.participants import (
    NO_CONVERSATION,
    NO_PARTICIPANT,
    NO_USER,
    SAY_NO_CONVERSATION,
    SAY_NO_PARTICIPANT,
    SAY_NO_USER,
)
from receipts.importing.report import Report
from receipts.importing.staging import staged
from receipts.importing.threads import check_threads

#: The id already belongs to another message: in the file, or from an earlier import.
_OTHER_IN_FILE = """EXISTS (
    SELECT 1 FROM import_message AS first
     WHERE first.line = (SELECT MIN(line) FROM import_message WHERE id = record.id)
       AND (first.conversation <> record.conversation OR first.username <> record.username
            OR first.kind <> record.kind OR first.sent_at <> record.sent_at))"""
_OTHER_STORED = f"""EXISTS (
    SELECT 1 FROM chat_messagename AS named
      JOIN chat_message AS message ON message.id = named.message_id
       AND message.conversation_id = named.conversation_id
      JOIN chat_conversation AS conversation ON conversation.id = message.conversation_id
      JOIN chat_user AS sender ON sender.id = message.sender_id
     WHERE named.external_id = record.id
       AND (NOT {IMPORTED_SQL}
            OR conversation.external_id IS NULL OR conversation.external_id <> record.conversation
            OR sender.username <> record.username OR message.created_at <> record.sent_at
            OR (message.tracking = '{Tracking.SYSTEM.value}') <> (record.kind = 'system')))"""
_SAY_OTHER = """': message ' || record.id
    || ' has a different conversation, sender, kind or sent_at in an earlier """
_SAY_OTHER_IN_FILE = f"'id' || {_SAY_OTHER}line'"
_SAY_OTHER_STORED = say_no_message("'id'", "record.id", f"{_SAY_OTHER}import'")
#: A system line may have a sender who takes no part.
_NO_PARTICIPANT = f"record.kind <> 'system' AND {NO_PARTICIPANT}"


def check_messages(report: Report) -> None:
    """Refuse the messages that name nothing that exists, or contradict another."""
    refuse(report, "message", NO_USER, SAY_NO_USER.replace("user:", "sender:"))
    refuse(report, "message", NO_CONVERSATION, SAY_NO_CONVERSATION)
    refuse(report, "message", _NO_PARTICIPANT, SAY_NO_PARTICIPANT.replace("user:", "sender:"))
    refuse(report, "message", _OTHER_IN_FILE, _SAY_OTHER_IN_FILE)
    refuse_names_of_others(report)
    check_threads(report)


def refuse_names_of_others(report: Report) -> int:
    """Refuse the messages whose ids belong to others that are stored; return how many."""
    skipped = report.skipped
    refuse(report, "message", _OTHER_STORED, _SAY_OTHER_STORED)
    report.good["message"] = staged("message")
    return report.skipped - skipped
