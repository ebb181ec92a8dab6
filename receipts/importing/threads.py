"""The replies of a history: which root each has, and the threads that they make (rule 30).

A record names the message that it replies to. If that is a reply itself, both are of one thread,
which has one root.
"""

from __future__ import annotations

from django.db import transaction

from chat.models import Conversation, Message
from receipts.importing.loading import refuse
from receipts.importing.names import imported_sql, named_sql, say_no_message
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices, staged
from receipts.ledger.threads import recount_threads
from receipts.sql.run import execute, fetch_rows

#: The replies of the file. ``root`` is the message that one replies to, until ``_UP`` has found
#: the root of that one.
_THREADS = """
    SELECT record.id AS name, record.conversation, MIN(record.thread) AS root
      FROM import_message AS record
     WHERE record.thread IS NOT NULL GROUP BY record.id, record.conversation"""
_IS_REPLY = """EXISTS (
           SELECT 1 FROM import_thread AS up
            WHERE up.name = thread.root AND up.conversation = thread.conversation)"""
#: Each goes up, to where the message has come that is replied to: by the file, or where that says
#: nothing of it, by earlier imports.
_UP = (
    """
    UPDATE import_thread AS thread SET root = up.root FROM import_thread AS up
     WHERE up.name = thread.root AND up.conversation = thread.conversation""",
    f"""
    UPDATE import_thread AS thread
       SET root = (SELECT top.external_id FROM (SELECT 1 AS one) AS always
                     JOIN {named_sql("thread.root")}
                     JOIN chat_message AS top ON top.id = message.thread_id
                      AND top.conversation_id = message.conversation_id)
     WHERE NOT {_IS_REPLY}
       AND {imported_sql("thread.root", "message.thread_id IS NOT NULL")}""",
)

_IN_CONVERSATION = """message.conversation_id = (
           SELECT conversation.id FROM chat_conversation AS conversation
            WHERE conversation.external_id = thread.conversation)"""
#: A root is no reply, and is in the file or was imported.
_WITHOUT_ROOT = f"""record.thread IS NOT NULL AND EXISTS (
    SELECT 1 FROM import_thread AS thread
     WHERE thread.name = record.id AND thread.conversation = record.conversation
       AND ({_IS_REPLY} OR NOT (
            EXISTS (SELECT 1 FROM import_message AS root
                     WHERE root.id = thread.root AND root.conversation = thread.conversation)
            OR {imported_sql("thread.root", _IN_CONVERSATION)})))"""
_SAY_WITHOUT_ROOT = say_no_message(
    "'thread'",
    "record.thread",
    f"""CASE WHEN EXISTS (SELECT 1 FROM import_thread AS thread
                           WHERE thread.name = record.id AND {_IS_REPLY})
              THEN ': message ' || record.thread || ' is a reply to its own replies'
              ELSE ': there is no message ' || record.thread || ' in '
                   || record.conversation END""",
)
_OTHER_IN_FILE = """record.thread IS NOT NULL AND EXISTS (
    SELECT 1 FROM import_message AS other
     WHERE other.id = record.id AND other.line < record.line AND other.thread <> record.thread)"""
_SAY_OTHER = "'thread: message ' || record.id || ' replies to another message in an earlier {}'"
#: In a thread that is not the one that its root is in now.
_OTHER_STORED = f"""record.thread IS NOT NULL AND EXISTS (
    SELECT 1 FROM import_thread AS thread
      JOIN {named_sql("thread.name")}
      JOIN chat_message AS top ON top.id = message.thread_id
       AND top.conversation_id = message.conversation_id
     WHERE thread.name = record.id AND top.external_id <> thread.root
       AND NOT EXISTS (SELECT 1 FROM import_thread AS up
                        WHERE up.name = top.external_id AND up.root = thread.root))"""
#: What a history says changes imported messages only.
_ANSWERED_HERE = f"""record.thread IS NOT NULL AND EXISTS (
    SELECT 1 FROM chat_message AS reply
      JOIN {named_sql("record.id")}
     WHERE reply.conversation_id = message.conversation_id AND reply.thread_id = message.id
       AND NOT reply.is_imported)"""
_SAY_ANSWERED_HERE = "'thread: message ' || record.id || ' has replies that were sent here'"


def check_threads(report: Report) -> None:
    """Refuse the replies that have no root, or another one."""
    refuse(report, "message", _OTHER_IN_FILE, _SAY_OTHER.format("line"))
    refuse(report, "message", _ANSWERED_HERE, _SAY_ANSWERED_HERE)
    skipped = -1
    while skipped != report.skipped:  # who replies to one that is refused has no root any more
        skipped = report.skipped
        _derive_threads()
        refuse(report, "message", _OTHER_STORED, _SAY_OTHER.format("import"))
        refuse(report, "message", _WITHOUT_ROOT, _SAY_WITHOUT_ROOT)
    report.good["message"] = staged("message")


def _derive_threads() -> None:
    """Derive the replies of the file with their roots. Where replies go in a circle, each stays
    one whose root is a reply.
    """
    derive("import_thread", _THREADS, index="name")
    # What is within the file is halved each time; it is left for what is stored and comes back.
    for _ in range(2 * staged("thread").bit_length() + 2):
        if not sum(execute(up) for up in _UP):
            break


_ROOT_OF_THREAD = """chat_messagename AS named_root ON named_root.external_id = thread.root
              JOIN chat_message AS root ON root.id = named_root.message_id
               AND root.conversation_id = named_root.conversation_id AND root.is_imported
               AND root.conversation_id = message.conversation_id AND root.id <> message.id"""
#: Messages that are not in their threads yet, with the replies that they have got themselves.
_REPLIES = f"""
    SELECT reply.*, CAST(SUM(reply.size) OVER (
               ORDER BY reply.conversation_id, reply.root_id, reply.message_id) AS bigint)
           / %(batch_size)s AS slice
      FROM (SELECT message.id AS message_id, message.conversation_id, message.thread_id AS was_id,
                   root.id AS root_id, 1 + message.recipient_count AS size
              FROM import_thread AS thread
              JOIN {named_sql("thread.name")}
              JOIN {_ROOT_OF_THREAD}
             WHERE message.thread_id IS NULL OR message.thread_id <> root.id
             UNION
            SELECT reply.id, reply.conversation_id, reply.thread_id, root.id,
                   1 + reply.recipient_count
              FROM import_thread AS thread
              JOIN {named_sql("thread.name")}
              JOIN {_ROOT_OF_THREAD}
              JOIN chat_message AS reply ON reply.conversation_id = message.conversation_id
               AND reply.thread_id = message.id) AS reply"""

_OF_SLICE = "SELECT {} FROM import_reply WHERE slice = %(slice)s"
_NOTE_THREADS = f"""
    UPDATE chat_conversation SET has_threads = TRUE
     WHERE NOT has_threads AND id IN ({_OF_SLICE.format("conversation_id")})"""
_ATTACH = """
    UPDATE {table} AS changed SET thread_id = reply.root_id FROM import_reply AS reply
     WHERE reply.slice = %(slice)s AND changed.{column} = reply.message_id
       AND changed.conversation_id = reply.conversation_id"""
#: Who wrote in a thread, and who sent its root, unless they asked not to.
_FOLLOW = """
    INSERT INTO chat_threadfollower (root_id, conversation_id, user_id, is_following)
    SELECT DISTINCT reply.root_id, reply.conversation_id, message.sender_id, TRUE
      FROM import_reply AS reply
      JOIN chat_message AS message ON message.id IN (reply.message_id, reply.root_id)
       AND message.conversation_id = reply.conversation_id
     WHERE reply.slice = %(slice)s
        ON CONFLICT (conversation_id, root_id, user_id) DO NOTHING"""


def attach_replies(report: Report, batch_size: int) -> None:
    """Put the replies of the file into their threads, after all messages are stored."""
    if not fetch_rows("SELECT 1 FROM import_thread LIMIT 1"):
        return
    derive("import_reply", _REPLIES, {"batch_size": batch_size}, index="slice")
    for part in slices("import_reply", "replies"):
        with transaction.atomic():
            lock_selected(Conversation, _OF_SLICE.format("conversation_id"), part)
            lock_selected(Message, _OF_SLICE.format("message_id"), part)
            execute(_NOTE_THREADS, part)
            attached = execute(_ATTACH.format(table="chat_message", column="id"), part)
            execute(_ATTACH.format(table="receipts_messagestatus", column="message_id"), part)
            execute(_FOLLOW, part)
            recount_threads(_OF_SLICE.format("root_id"), part)
            recount_threads(_OF_SLICE.format("was_id"), part)
            report.changes["replies put into threads"] += attached
