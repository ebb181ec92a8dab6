"""Locks that services take first, in the order of rule 22: users, then the conversation."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import Conversation, User
from receipts.sql.run import lock_in_order


def lock_users(ids: Iterable[int]) -> None:
    """Lock users until the transaction ends: they cannot join, nor can their accounts change."""
    lock_in_order(User.objects.filter(pk__in=list(ids)))


def lock_conversation(conversation_id: int) -> Conversation:
    """Lock out sends, joins and leaves until the transaction ends; marks are not blocked."""
    return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
