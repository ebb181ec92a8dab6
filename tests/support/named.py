"""Messages that were sent here with a name of their sender's backend."""

from __future__ import annotations

from chat.models import Conversation, Message, User
from tests.support.cast import say


def say_named(name: str, sender: User, conversation: Conversation, body: str = "hello") -> Message:
    """Send a message with this ``external_id``."""
    return say(sender, conversation, body, external_id=name)
