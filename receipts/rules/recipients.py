"""Who receives a message: those who take part when it is sent, except its sender (rule 1).

One rule in three forms: over the participants now (a message that is sent), over the times at
which a user joined and left (a message that was stored by another tool), and over the stays in a
history (in which a user may have joined and left several times).
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from chat.models import ConversationParticipant


def recipients_now_sql(
    message: str, source: str = "", *, is_reply: bool = False, for_followers: bool = False
) -> str:
    """SELECT: one row for each recipient of a message that is sent now.

    ``message`` is the SQL of its id, over ``source``. Needs the parameters ``created_at``,
    ``conversation_id`` and ``sender_id``; of a reply also ``thread_id``, and of one for followers
    ``root_sender``.
    """
    return f"""
        SELECT {message}, participant.user_id, participant.conversation_id, %(created_at)s
               {", CAST(%(thread_id)s AS bigint)" if is_reply else ""}
          FROM {source}chat_conversationparticipant AS participant
          JOIN chat_user AS recipient ON recipient.id = participant.user_id AND recipient.is_active
         WHERE participant.conversation_id = %(conversation_id)s AND participant.is_active
           AND participant.user_id <> %(sender_id)s{f" AND {FOLLOWS_SQL}" if for_followers else ""}
         ORDER BY participant.user_id"""


#: SQL condition: something is recorded of the participant and a thread.
_RECORDED_SQL = """EXISTS (
               SELECT 1 FROM chat_threadfollower AS follower
                WHERE follower.conversation_id = participant.conversation_id
                  AND follower.root_id = %(thread_id)s
                  AND follower.user_id = participant.user_id{condition})"""
#: SQL condition: the participant follows a thread (rule 30). The root's sender does before anyone
#: has replied, when nothing is recorded yet.
FOLLOWS_SQL = f"""({_RECORDED_SQL.format(condition=" AND follower.is_following")}
           OR (participant.user_id = %(root_sender)s
               AND NOT {_RECORDED_SQL.format(condition="")}))"""


#: SQL condition: ``participant`` received ``message``, by when they joined and left.
RECEIVED_SQL = """participant.conversation_id = message.conversation_id
       AND participant.user_id <> message.sender_id
       AND participant.joined_at <= message.created_at
       AND (participant.left_at IS NULL OR participant.left_at > message.created_at)"""

#: SQL condition: the user of ``stay`` received ``message``. Times are often whole seconds: a user
#: who joined at the very time received it, unless their own first message of that time stands
#: later. ``source_order`` is a message's place among those with the same time.
RECEIVED_IN_STAY_SQL = """stay.conversation_id = message.conversation_id
       AND stay.user_id <> message.sender_id
       AND (stay.joined_at IS NULL OR stay.joined_at < message.created_at
            OR (stay.joined_at = message.created_at
                AND (stay.spoke_as IS NULL OR stay.spoke_as < message.source_order)))
       AND (stay.left_at IS NULL OR stay.left_at > message.created_at)"""


def recipients_now(conversation: Any, sender: Any) -> QuerySet[ConversationParticipant]:
    """The participants for whom ``recipients_now_sql`` has a row."""
    return (
        ConversationParticipant.objects.active()
        .filter(conversation=conversation)
        .exclude(user=sender)
    )
