"""Messages and marks at known times, for tests of insights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chat.models import Conversation, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.services.batch_items import BatchMark
from tests.support.cast import say

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
RANGE = "?from=2026-01-05&to=2026-01-09"
#: The percentiles of no times.
NOTHING = {"median": None, "p95": None}


def write(sender: User, chat: Conversation, days: float = 0, **how: Any) -> Message:
    """A message sent this many days after BEGIN."""
    return say(sender, chat, sent_at=BEGIN + timedelta(days=days), **how)


def mark(message: Message, username: str, *, after: float, read: bool = True, **how: Any) -> float:
    """Mark a message this many seconds after it was sent; return them, to the microsecond."""
    spent = timedelta(seconds=after)
    at = message.created_at + spent
    state = "read" if read else "delivered"
    named = MessageReference(number=message.pk)
    item = BatchMark(message=named, username=username, state=state, at=at, **how)
    assert services.mark_batch([item]) == ["applied"]
    return spent.total_seconds()


def counts(figures: dict[str, Any]) -> tuple[int, ...]:
    """The numbers of messages, recipients, deliveries and reads."""
    return tuple(figures[name] for name in ("messages", "recipients", "delivered", "read"))
