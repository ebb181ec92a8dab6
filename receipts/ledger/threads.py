"""What a reply changes besides its rows: its thread, and who follows it (rule 30).

Every change of a thread is made under the lock of its conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.sql.prepared import fetch_prepared
from receipts.sql.run import execute


def thread_sql(message: str, source: str) -> str:
    """INSERT: a thread has one reply more, which may be its newest.

    ``message`` is the SQL of its id, over ``source`` if there is one. Needs the parameters
    ``thread_id``, ``conversation_id`` and ``created_at``.
    """
    values = f"%(thread_id)s, %(conversation_id)s, 1, {message}, %(created_at)s"
    return f"""
        INSERT INTO chat_thread
               (root_id, conversation_id, reply_count, last_reply_id, last_reply_at)
        {f"SELECT {values}{source}" if source else f"VALUES ({values})"}
            ON CONFLICT (root_id, conversation_id) DO UPDATE
           SET reply_count = chat_thread.reply_count + 1,
               last_reply_id = CASE WHEN {_IS_NEWEST} THEN excluded.last_reply_id
                                    ELSE chat_thread.last_reply_id END,
               last_reply_at = CASE WHEN {_IS_NEWEST} THEN excluded.last_reply_at
                                    ELSE chat_thread.last_reply_at END"""


_IS_NEWEST = """(chat_thread.last_reply_id IS NULL
                     OR (chat_thread.last_reply_at, chat_thread.last_reply_id)
                        < (excluded.last_reply_at, excluded.last_reply_id))"""

#: INSERT: who writes in a thread follows it, and so does the root's sender, unless they asked not
#: to. Needs the parameters ``thread_id``, ``conversation_id``, ``sender_id`` and ``root_sender``.
FOLLOWED_SQL = """
    INSERT INTO chat_threadfollower (root_id, conversation_id, user_id, is_following)
    SELECT CAST(%(thread_id)s AS bigint), CAST(%(conversation_id)s AS bigint),
           follower.user_id, TRUE
      FROM (SELECT CAST(%(sender_id)s AS bigint) AS user_id UNION
            SELECT CAST(%(root_sender)s AS bigint)) AS follower WHERE TRUE
        ON CONFLICT (conversation_id, root_id, user_id) DO UPDATE SET is_following = TRUE
     WHERE chat_threadfollower.user_id = %(sender_id)s
       AND NOT chat_threadfollower.is_following"""

_FOLLOWER = """
    INSERT INTO chat_threadfollower (root_id, conversation_id, user_id, is_following)
    VALUES (%(thread_id)s, %(conversation_id)s, {user}, TRUE)
        ON CONFLICT (conversation_id, root_id, user_id) DO {conflict}"""
#: The same, a follower at a time: what a node is passed has no further parameters.
FOLLOWED_IN_STEPS = (
    _FOLLOWER.format(
        user="%(sender_id)s",
        conflict="UPDATE SET is_following = TRUE WHERE NOT chat_threadfollower.is_following",
    ),
    _FOLLOWER.format(user="%(root_sender)s", conflict="NOTHING"),
)

#: A reply was deleted or restored: one less or one more, and the newest of those that are left.
_RECOUNTED = """
    UPDATE chat_thread AS thread
       SET reply_count = thread.reply_count + %(more)s,
           last_reply_id = newest.id,
           last_reply_at = CASE WHEN newest.id IS NULL THEN thread.last_reply_at
                                ELSE newest.created_at END
      FROM (SELECT 1 AS one) AS always
      LEFT JOIN (SELECT reply.id, reply.created_at FROM chat_message AS reply
                  WHERE reply.conversation_id = %(conversation)s AND reply.thread_id = %(root)s
                    AND reply.deleted_at IS NULL
                  ORDER BY reply.created_at DESC, reply.id DESC LIMIT 1) AS newest ON TRUE
     WHERE thread.root_id = %(root)s AND thread.conversation_id = %(conversation)s"""


def recount_thread(*, root: int, conversation: int, more: int) -> None:
    """Count ``more`` replies of a thread, after one was deleted (-1) or restored (1)."""
    fetch_prepared(_RECOUNTED, {"root": root, "conversation": conversation, "more": more})


def replies_sql(root: str) -> str:
    """SQL, from its FROM on: the replies to the message ``root`` that are not deleted."""
    return f"""FROM chat_message AS reply
             WHERE reply.conversation_id = {root}.conversation_id
               AND reply.thread_id = {root}.id AND reply.deleted_at IS NULL"""


def last_reply_sql(root: str, column: str) -> str:
    """SQL: a column of the newest of them; null if there is none."""
    return f"""(SELECT reply.{column} {replies_sql(root)}
             ORDER BY reply.created_at DESC, reply.id DESC LIMIT 1)"""


_COUNTED = f"""
    INSERT INTO chat_thread (root_id, conversation_id, reply_count, last_reply_id, last_reply_at)
    SELECT root.id, root.conversation_id, (SELECT COUNT(*) {replies_sql("root")}),
           {last_reply_sql("root", "id")},
           COALESCE({last_reply_sql("root", "created_at")}, root.created_at)
      FROM chat_message AS root WHERE root.id IN ({{roots}})
        ON CONFLICT (root_id, conversation_id) DO UPDATE
       SET reply_count = excluded.reply_count, last_reply_id = excluded.last_reply_id,
           last_reply_at = excluded.last_reply_at"""


def recount_threads(roots: str, params: Mapping[str, Any]) -> None:
    """Count the replies to the messages that a SELECT names; null is none of them."""
    execute(_COUNTED.format(roots=roots), params)
