"""In which conversation a message stands, as far as this process has learnt it.

An address may name a message alone; its conversation never changes. A query that names both
searches one partition of tables that are partitioned by conversation. Without partitions both cost
the same, so no statement is spent to learn the conversation: what a query finds is remembered.
"""

from __future__ import annotations

from django.db import connection

#: Then all are forgotten, and learnt again.
_MOST = 20_000
_conversations: dict[int, int] = {}


def remember(message_id: int, conversation_id: int) -> None:
    """Remember that a message stands in a conversation."""
    if len(_conversations) >= _MOST:
        _conversations.clear()
    _conversations[message_id] = conversation_id


def known_conversation(message_id: int) -> int | None:
    """The conversation of a message; None if this process does not know it.

    SQLite knows none: it has no partitions, and gives the ids of a transaction that was rolled back
    to other messages.
    """
    return _conversations.get(message_id) if connection.vendor == "postgresql" else None


def placed(message_id: int) -> dict[str, int]:
    """Lookups of one message: its id, and its conversation if that is known."""
    known = known_conversation(message_id)
    return {"pk": message_id} if known is None else {"pk": message_id, "conversation": known}
