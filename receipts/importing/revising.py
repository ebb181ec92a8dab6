"""Messages that a later file says were edited or deleted meanwhile."""

from __future__ import annotations

from django.db import transaction

from chat.models import Conversation, Message
from receipts.importing.names import named_sql
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices
from receipts.ledger.noting import note_selected
from receipts.ledger.threads import recount_threads
from receipts.sql.run import by_code_point, execute

_MOVES = "(message.edited_at IS NULL OR message.edited_at < {0}.edited_at)"
_DELETES = "(message.deleted_at IS NULL OR message.deleted_at > {0}.deleted_at)"

#: The last edit and the first deletion of each message that was stored without them.
_REVISION = f"""
    SELECT revision.*, ROW_NUMBER() OVER (ORDER BY revision.message_id) / %(batch_size)s AS slice
      FROM (SELECT message.id AS message_id, record.body, record.edited_at,
                   MIN(record.deleted_at) OVER (PARTITION BY message.id) AS deleted_at,
                   message.edited_at AS was_edited_at, message.deleted_at AS was_deleted_at,
                   ROW_NUMBER() OVER (
                       PARTITION BY message.id
                           ORDER BY record.edited_at IS NULL, record.edited_at DESC,
                                    {by_code_point("record.body")} DESC) AS place
              FROM import_message AS record
              JOIN {named_sql("record.id")}
             WHERE record.edited_at IS NOT NULL OR record.deleted_at IS NOT NULL) AS revision
     WHERE revision.place = 1
       AND (revision.edited_at > revision.was_edited_at
            OR (revision.edited_at IS NOT NULL AND revision.was_edited_at IS NULL)
            OR revision.deleted_at < revision.was_deleted_at
            OR (revision.deleted_at IS NOT NULL AND revision.was_deleted_at IS NULL))"""
_REVISED = "SELECT message_id FROM import_revision WHERE slice = %(slice)s"
#: Of those that are replies.
_REPLIES = f"SELECT {{}} FROM chat_message WHERE thread_id IS NOT NULL AND id IN ({_REVISED})"
_DELETE = f"""
    UPDATE chat_message AS message SET deleted_at = revision.deleted_at
      FROM import_revision AS revision
     WHERE revision.slice = %(slice)s AND message.id = revision.message_id
       AND revision.deleted_at IS NOT NULL AND {_DELETES.format("revision")}"""
#: Reads from before the edit are of other words.
_EDIT = f"""
    UPDATE chat_message AS message
       SET body = revision.body, edited_at = revision.edited_at,
           read_since_edit_count = (
               SELECT COUNT(*) FROM receipts_messagestatus AS status
                WHERE status.message_id = message.id
                  AND status.conversation_id = message.conversation_id
                  AND status.withdrawn_at IS NULL AND status.read_at >= revision.edited_at)
      FROM import_revision AS revision
     WHERE revision.slice = %(slice)s AND message.id = revision.message_id
       AND revision.edited_at IS NOT NULL AND {_MOVES.format("revision")}"""


def revise_messages(report: Report, batch_size: int) -> None:
    """Apply edits and deletions to messages that were imported before."""
    derive("import_revision", _REVISION, {"batch_size": batch_size}, index="slice")
    for part in slices("import_revision", "messages"):
        with transaction.atomic():
            lock_selected(Conversation, _REPLIES.format("conversation_id"), part)
            lock_selected(Message, _REVISED, part)
            note_selected(f"id IN ({_REVISED})", part)
            deleted = execute(_DELETE, part)
            if deleted:
                recount_threads(_REPLIES.format("thread_id"), part)
            report.changes["messages deleted"] += deleted
            report.changes["messages edited"] += execute(_EDIT, part)
