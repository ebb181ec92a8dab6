"""One conversation that a user requests."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from chat.models import Conversation, User
from chat.sql.compiled import CompiledQuery, instance_of, stored_columns


def _row(conversations: QuerySet[Conversation], pk: int) -> Any:
    return conversations.filter(pk=pk).values(*stored_columns(Conversation))


_PRESENT = CompiledQuery(
    lambda conversation: _row(Conversation.objects.present(), conversation), conversation=int
)
_JOINED = CompiledQuery(
    lambda conversation, user: _row(Conversation.objects.joined_by(user), conversation),
    conversation=int,
    user=int,
)


def visible_conversation(user: User, pk: int) -> Conversation:
    """The conversation. Raises ``Http404`` if ``user`` cannot see it (rule 17)."""
    if user.sees_everything:
        row = _PRESENT.first(conversation=pk)
    else:
        row = _JOINED.first(conversation=pk, user=user.pk)
    if row is None:
        raise Http404
    return instance_of(Conversation, row)
