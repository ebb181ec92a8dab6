"""Deleting a message, and taking that back (rule 21)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from chat.models import Message
from receipts.ledger.announcing import announce_message
from receipts.models import EventKind


@transaction.atomic
def delete_message(*, message_id: int) -> datetime | None:
    """Delete softly: out of unread counts and marks, its rows kept. Nothing where it is so."""
    now = timezone.now()
    deleted = Message.objects.filter(pk=message_id, deleted_at=None).update(deleted_at=now)
    if not deleted:
        return None
    _announce(EventKind.MESSAGE_DELETED, message_id)
    return now


@transaction.atomic
def restore_message(*, message_id: int) -> bool:
    """Undo a deletion; what was unread is unread again."""
    message = Message.objects.filter(pk=message_id, deleted_at__isnull=False)
    restored = bool(message.update(deleted_at=None))
    if restored:
        _announce(EventKind.MESSAGE_RESTORED, message_id)
    return restored


def _announce(kind: EventKind, message_id: int) -> None:
    conversation = Message.objects.values_list("conversation_id", flat=True).get(pk=message_id)
    announce_message(kind, message_id=message_id, conversation_id=conversation)
