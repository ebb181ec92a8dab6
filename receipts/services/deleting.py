"""Deleting a message, and taking that back (rule 21)."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from chat.models import Message


def delete_message(*, message_id: int) -> datetime | None:
    """Delete softly: out of unread counts and marks, its rows kept. Nothing where it is so."""
    now = timezone.now()
    changed = Message.objects.filter(pk=message_id, deleted_at=None).update(deleted_at=now)
    return now if changed else None


def restore_message(*, message_id: int) -> bool:
    """Undo a deletion; what was unread is unread again."""
    message = Message.objects.filter(pk=message_id, deleted_at__isnull=False)
    return bool(message.update(deleted_at=None))
