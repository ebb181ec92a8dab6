"""The messages that commands name."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import Message
from receipts.reads.messages import message_rows
from receipts.rules.rows import MessageRow


def messages_of_group(group: int, ids: Iterable[int]) -> dict[int, MessageRow]:
    """The messages of a group with these ids, by id; unknown ids are omitted."""
    rows = Message.objects.filter(conversation_id=group, pk__in=list(ids))
    return {row["id"]: row for row in message_rows(rows)}
