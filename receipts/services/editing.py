"""Editing the text of a message. Its receipts remain valid: they do not depend on the text."""

from __future__ import annotations

from chat.models import Message


def edit_message(*, message_id: int, body: str) -> bool:
    """Replace the text of a message unless it is deleted; return whether it was replaced."""
    return bool(Message.objects.filter(pk=message_id, deleted_at=None).update(body=body))
