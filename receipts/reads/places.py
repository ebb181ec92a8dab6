"""In which conversation a message stands, and when it was sent, as far as this process knows.

An address may name a message alone; both never change. A query that names both
searches one partition of tables that are partitioned by conversation. Without partitions both cost
the same, so no statement is spent to learn the conversation: what a query finds is remembered.
"""

from __future__ import annotations

from datetime import datetime
from time import time

from receipts.sql.vendor import is_postgresql

#: Then all are forgotten, and learnt again.
_MOST = 20_000
#: The conversation, and the time of sending in Unix seconds.
_places: dict[int, tuple[int, float]] = {}


def remember(message_id: int, conversation_id: int, sent_at: datetime) -> None:
    """Remember that a message stands in a conversation."""
    if len(_places) >= _MOST:
        _places.clear()
    _places[message_id] = conversation_id, sent_at.timestamp()


def known_conversation(message_id: int) -> int | None:
    """The conversation of a message; None if this process does not know it.

    SQLite knows none: it has no partitions, and gives the ids of a transaction that was rolled back
    to other messages.
    """
    known = _places.get(message_id)
    return known[0] if known is not None and is_postgresql() else None


def is_known_as_younger(message_id: int, seconds: float) -> bool:
    """Whether this process knows that a message was sent less than ``seconds`` ago."""
    known = _places.get(message_id)
    return known is not None and time() - known[1] < seconds


def placed(message_id: int) -> dict[str, int]:
    """Lookups of one message: its id, and its conversation if that is known."""
    known = known_conversation(message_id)
    return {"pk": message_id} if known is None else {"pk": message_id, "conversation": known}
