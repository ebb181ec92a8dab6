"""Readers of a message, for Agora's call that lists them."""

from __future__ import annotations

from datetime import timedelta

from chat.models import Message, User
from receipts import services
from receipts.services.marking import RecipientKey


def read(reader: User, message: Message, minutes: int, content: str | None = None) -> None:
    """Read it this many minutes after it was sent."""
    services.mark_read(
        row=RecipientKey(
            message_id=message.pk,
            recipient_id=reader.pk,
            conversation_id=message.conversation_id,
        ),
        at=message.created_at + timedelta(minutes=minutes),
        content=content,
    )
