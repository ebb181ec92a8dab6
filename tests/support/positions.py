"""Positions in a conversation, for tests that call services: computed without the service's SQL."""

from __future__ import annotations

from django.db.models import Q

from chat.models import Message, Tracking, User
from receipts.rules.threads import EVERYTHING, MessageLine
from receipts.services.marking import UpTo


def up_to(user: User, message_id: int, line: MessageLine = EVERYTHING) -> UpTo:
    """Everything of a line up to a message, and the last one that is tracked by either way."""
    message = Message.objects.get(pk=message_id)
    before = Message.objects.filter(
        Q(created_at__lt=message.created_at) | Q(created_at=message.created_at, pk__lte=message_id),
        conversation=message.conversation_id,
    ).order_by("created_at", "pk")
    if line.is_main:
        before = before.filter(thread=None)
    elif line.root is not None:  # a mark of a thread moves nothing
        before = before.none()
    placed = before.filter(tracking=Tracking.BY_POSITION)
    return UpTo(
        recipient_id=user.pk,
        conversation_id=message.conversation_id,
        up_to=message_id,
        reached=before.filter(tracking=Tracking.TRACKED).values_list("pk", flat=True).last(),
        placed=placed.values_list("pk", "created_at").last(),
        line=line,
    )
