"""Check that what is stored of threads matches their replies (rule 30), and correct it.

Both change in one transaction under the conversation's lock, so a difference means a bug or a
manual change in the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from chat.models import Conversation
from receipts.ledger.threads import last_reply_sql, recount_threads, replies_sql
from receipts.sql.run import execute, fetch_rows, lock_in_order
from receipts.upkeep.stretches import OF_BATCH, OF_MESSAGES

#: Where no conversation has threads, no reply is read.
_COUNTED = f"""
    SELECT message.id, message.conversation_id, COALESCE(thread.reply_count, 0) AS stored_count,
           thread.last_reply_id AS stored_last,
           (SELECT COUNT(*) {replies_sql("message")}) AS reply_count,
           {last_reply_sql("message", "id")} AS last_reply
      FROM chat_conversation AS conversation
      JOIN chat_message AS message ON message.conversation_id = conversation.id
      LEFT JOIN chat_thread AS thread ON thread.root_id = message.id
       AND thread.conversation_id = message.conversation_id
     WHERE conversation.has_threads AND {OF_MESSAGES}"""
_WRONG = f"""
    SELECT * FROM ({_COUNTED}) AS counted
     WHERE stored_count <> reply_count OR COALESCE(stored_last, 0) <> COALESCE(last_reply, 0)
     ORDER BY id"""

#: Rows that name another thread than their message does, or none, or one although it has none.
_ROWS = f"""FROM chat_message AS message
     WHERE {OF_MESSAGES} AND {OF_BATCH.format("status.message_id")}
       AND status.message_id = message.id AND status.conversation_id = message.conversation_id
       AND COALESCE(status.thread_id, 0) <> COALESCE(message.thread_id, 0)"""
_WRONG_ROWS = f"""
    SELECT status.id, status.message_id {
    _ROWS.replace(
        "FROM chat_message AS message",
        "FROM chat_message AS message CROSS JOIN receipts_messagestatus AS status",
    )
} ORDER BY status.id"""
_MEND_ROWS = f"UPDATE receipts_messagestatus AS status SET thread_id = message.thread_id {_ROWS}"


@dataclass
class ThreadCheck:
    """Threads, and the rows of their replies, batch by batch of messages."""

    tell: Callable[[str], None]
    fix: bool
    found: int = 0
    fixed: int = 0

    def check(self, batch: dict[str, Any]) -> None:
        """Find the threads and rows of a batch that differ from the messages."""
        threads = fetch_rows(_WRONG, batch)
        for root, _, stored, stored_last, count, last in threads:
            stored_as = f"{stored} replies up to {stored_last}"
            self.tell(f"thread {root}: {stored_as} should be {count} up to {last}")
        rows = fetch_rows(_WRONG_ROWS, batch)
        for row, message in rows:
            self.tell(f"row {row}: its thread is not that of message {message}")
        self.found += len(threads) + len(rows)
        if self.fix:
            for root, conversation, *_ in threads:
                self.fixed += _store(root, conversation)
            if rows:
                self.fixed += execute(_MEND_ROWS, batch)


@transaction.atomic
def _store(root: int, conversation: int) -> int:
    """Count the replies of one thread again; return how many threads were corrected."""
    if not lock_in_order(Conversation.objects.present().filter(pk=conversation)):
        return 0  # it is being deleted, and its threads with it
    recount_threads("%(root)s", {"root": root})
    return 1
