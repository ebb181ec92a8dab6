"""Messages as another tool loads them: written to the table, without status rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int) -> datetime:
    """This many minutes after START."""
    return START + timedelta(minutes=minute)


def load(sender: User, conversation: Conversation, minute: int, **fields: Any) -> Message:
    """A message sent at this minute, as another tool writes it."""
    fields = {"created_at": at(minute), **fields}
    return Message.objects.create(conversation=conversation, sender=sender, body="hi", **fields)


def row(message: Message, recipient: User) -> MessageStatus:
    """The status row of one recipient."""
    return MessageStatus.objects.get(message=message, recipient=recipient)
