"""What users have unread in conversations: how much, and the first of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from receipts.rules.rows import UnreadCount
from receipts.sql.distributed import is_distributed
from receipts.sql.pairs import PAIRS, pair_params
from receipts.sql.run import fetch_rows

_UNREAD_CONDITION = """status.seen_at IS NULL AND status.withdrawn_at IS NULL
               AND NOT EXISTS (
                   SELECT 1 FROM chat_message AS deleted
                    WHERE deleted.conversation_id = status.conversation_id
                      AND deleted.id = status.message_id AND deleted.deleted_at IS NOT NULL)"""
_UNREAD_SQL = f"""
              FROM receipts_messagestatus AS status
             WHERE status.recipient_id = {{0}}.user_id
               AND status.conversation_id = {{0}}.conversation_id
               AND {_UNREAD_CONDITION}{{1}}"""
#: The replies among them: by an index that is empty where there are no threads.
_REPLIES = " AND status.thread_id IS NOT NULL"

#: For each pair with anything unread: how much, and the first of it in the order of time.
_COUNTED = f"""
    SELECT counted.user_id, counted.conversation_id, counted.unread_count,
           counted.unread_count - counted.unread_replies, first.id, first.external_id
      FROM (SELECT pair.user_id, pair.conversation_id,
                   (SELECT COUNT(*) {_UNREAD_SQL.format("pair", "")}) AS unread_count,
                   (SELECT COUNT(*) {_UNREAD_SQL.format("pair", _REPLIES)}) AS unread_replies
              FROM {{pairs}}) AS counted
      JOIN chat_message AS first ON first.id = (
           SELECT status.message_id {_UNREAD_SQL.format("counted", "")}
            ORDER BY status.sent_at, status.message_id LIMIT 1)
       AND first.conversation_id = counted.conversation_id
     WHERE counted.unread_count > 0"""
#: The same where rows are distributed: a node plans no sub-select for each pair.
_GROUPED = f"""
    SELECT counted.user_id, counted.conversation_id, counted.unread_count,
           counted.unread_count - counted.unread_replies, first.id, first.external_id
      FROM (SELECT status.recipient_id AS user_id, status.conversation_id,
                   COUNT(*) AS unread_count, COUNT(status.thread_id) AS unread_replies,
                   (ARRAY_AGG(status.message_id ORDER BY status.sent_at, status.message_id))[1]
                   AS first_id
              FROM receipts_messagestatus AS status
              JOIN {PAIRS["postgresql"]} ON pair.user_id = status.recipient_id
               AND pair.conversation_id = status.conversation_id
             WHERE {_UNREAD_CONDITION}
             GROUP BY status.recipient_id, status.conversation_id) AS counted
      JOIN chat_message AS first ON first.id = counted.first_id
       AND first.conversation_id = counted.conversation_id"""
#: What a user has unread where they have nothing unread.
NOTHING_UNREAD: UnreadCount = {
    "unread_count": 0,
    "unread_count_main": 0,
    "first_unread_message": None,
    "first_unread_message_external_id": None,
}


def unread_of_pairs(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], UnreadCount]:
    """``unread_count`` and ``first_unread_message`` of users, each in one conversation.

    In one statement; pairs with nothing unread are omitted.
    """
    pairs = list(pairs)
    if not pairs:
        return {}
    sql = _GROUPED if is_distributed() else _COUNTED.format(pairs=PAIRS[connection.vendor])
    found = fetch_rows(sql, pair_params(pairs))
    return {
        (user, conversation): {
            "unread_count": count,
            "unread_count_main": main,
            "first_unread_message": first,
            "first_unread_message_external_id": name,
        }
        for user, conversation, count, main, first, name in found
    }


def unread_by_conversation(user_id: int, conversation_ids: Iterable[int]) -> dict[int, UnreadCount]:
    """The same for one user, by conversation."""
    found = unread_of_pairs((user_id, conversation) for conversation in conversation_ids)
    return {conversation: count for (_, conversation), count in found.items()}
