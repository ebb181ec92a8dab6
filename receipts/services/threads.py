"""Threads: what a reply needs to know of its root, and following (rule 30)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from chat.errors import Invalid, NotParticipant
from chat.models import (
    Conversation,
    ConversationParticipant,
    Thread,
    ThreadFollower,
    ThreadRecipients,
)
from chat.names import MessageReference
from chat.sql.prepared import fetch_prepared
from receipts.reads.threads import RootRow, root_row
from receipts.rules.recipients import FOLLOWS_SQL
from receipts.rules.threads import Reply
from receipts.services.locking import lock_conversation

_COUNT = f"""
    SELECT COUNT(*) FROM chat_conversationparticipant AS participant
      JOIN chat_user AS recipient ON recipient.id = participant.user_id AND recipient.is_active
     WHERE participant.conversation_id = %(conversation_id)s AND participant.is_active
       AND participant.user_id <> %(sender_id)s AND {FOLLOWS_SQL}"""


def root_of_reply(conversation_id: int, thread: MessageReference) -> RootRow:
    """The message that a reply names. Raises ``Invalid`` unless it may have replies."""
    root = root_row(conversation_id, thread)
    if root is None:
        raise Invalid("thread", "No such message in this conversation.")
    if root["thread_id"] is not None:
        raise Invalid("thread", f"This message is a reply itself, to message {root['thread_id']}.")
    return root


def begin_reply(conversation: Mapping[str, Any], root: RootRow) -> Reply:
    """A new reply, in a locked conversation. Raises ``Invalid`` if its root is deleted."""
    if root["deleted_at"] is not None:
        raise Invalid("thread", "This message is deleted.")
    _note_threads(conversation["id"], known=conversation["has_threads"])
    return Reply(
        root=root["id"],
        root_sender=root["sender_id"],
        is_for_followers=conversation["thread_recipients"] == ThreadRecipients.FOLLOWERS,
    )


def _note_threads(conversation_id: int, *, known: bool) -> None:
    """Note that a locked conversation has threads."""
    if not known:
        Conversation.objects.filter(pk=conversation_id).update(has_threads=True)


def count_followers(conversation_id: int, sender_id: int, reply: Reply) -> int:
    """How many others of a locked conversation receive a reply that is for followers."""
    params = {
        "conversation_id": conversation_id,
        "sender_id": sender_id,
        "thread_id": reply.root,
        "root_sender": reply.root_sender,
    }
    [(count,)] = fetch_prepared(_COUNT, params)
    return int(count)


@transaction.atomic
def follow_thread(*, conversation_id: int, root: int, username: str, following: bool) -> None:
    """A participant follows a thread, or does so no more. Repeating it changes nothing.

    Raises ``NotParticipant``, and ``Invalid`` for a message that cannot have replies.
    """
    # A reply counts its recipients, then inserts them: nobody starts to follow in between.
    conversation = lock_conversation(conversation_id)
    own = ConversationParticipant.objects.active().filter(user__username=username)
    user_id = own.filter(conversation=conversation_id).values_list("user_id", flat=True).first()
    if user_id is None:
        raise NotParticipant
    found = root_of_reply(conversation_id, MessageReference(number=root))
    _note_threads(conversation_id, known=conversation.has_threads)
    Thread.objects.get_or_create(
        conversation_id=conversation_id,
        root_id=root,
        defaults={"last_reply_at": found["created_at"]},
    )
    ThreadFollower.objects.bulk_create(
        [
            ThreadFollower(
                conversation_id=conversation_id,
                root_id=root,
                user_id=user_id,
                is_following=following,
            )
        ],
        update_conflicts=True,
        unique_fields=["conversation", "root", "user"],
        update_fields=["is_following"],
    )
