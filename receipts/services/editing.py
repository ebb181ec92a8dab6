"""Giving a message another text. Its receipts stand: they are of the message, not of its words."""

from __future__ import annotations

from chat.models import Message


def edit_message(*, message_id: int, body: str) -> bool:
    """Replace the text of a message that is not deleted; whether there was one."""
    return bool(Message.objects.filter(pk=message_id, deleted_at=None).update(body=body))
