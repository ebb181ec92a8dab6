"""Locks that services take first, in the order of rule 22: users, then the conversation."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404

from chat.models import Conversation, User
from receipts.sql.run import lock_in_order


def lock_users(ids: Iterable[int]) -> None:
    """Lock users until the transaction ends: they cannot join, nor can their accounts change."""
    lock_in_order(User.objects.filter(pk__in=list(ids)))


def lock_conversation(conversation_id: int) -> Conversation:
    """Lock out sends, joins and leaves until the transaction ends; marks are not blocked.

    Raises ``Http404`` if the conversation is deleted, perhaps while this waited for the lock.
    """
    locked = Conversation.objects.present().select_for_update(no_key=True)
    conversation = locked.filter(pk=conversation_id).first()
    if conversation is None:
        raise Http404
    return conversation
