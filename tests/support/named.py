"""Messages that were sent here with a name of their sender's backend."""

from __future__ import annotations

from chat.models import Conversation, Message, MessageName, User
from tests.support.cast import say


def say_named(name: str, sender: User, conversation: Conversation, body: str = "hello") -> Message:
    """Send a message with this ``external_id``."""
    message = say(sender, conversation, body)
    Message.objects.filter(pk=message.pk).update(external_id=name)
    MessageName.objects.create(external_id=name, message=message, conversation=conversation)
    message.refresh_from_db()
    return message
