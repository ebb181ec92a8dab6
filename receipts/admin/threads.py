"""What the admin shows of a message's thread (rule 30)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from chat.models import Message
from receipts.reads.threads import threads_in


def replies_with(message: Message) -> Q:
    """The replies to a message; of a reply, those of its thread."""
    return Q(conversation=message.conversation_id, thread=message.thread_id or message.pk)


def thread_of(message: Message) -> dict[str, Any]:
    """The root of a reply; of another message the number of its replies.

    Nothing is looked up where a conversation has no threads.
    """
    if not message.conversation.has_threads:
        return {}
    if message.thread_id is not None:
        roots = Message.objects.filter(conversation=message.conversation_id, pk=message.thread_id)
        return {"root": roots.select_related("sender").first()}
    threads = threads_in(message.conversation_id).filter(root=message.pk)
    return {"replies": threads.values_list("reply_count", flat=True).first() or 0}
