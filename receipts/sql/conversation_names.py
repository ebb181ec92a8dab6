"""The names of conversations, unique over all nodes where conversations are distributed.

Elsewhere unique indexes of the conversations do that, and all of this does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import Conversation, ConversationName
from receipts.sql.distributed import is_distributed

#: The columns of a conversation that are unique; their values are names behind these words.
_PREFIXES = {"external_id": "ext:", "pair": "pair:"}


def claim_names(conversations: Iterable[Conversation]) -> None:
    """Claim what conversations that were just stored, or renamed, are called.

    Must be called in their transaction. Raises ``IntegrityError`` if another one has a name, as
    an index does; a concurrent claim of the same name is waited for.
    """
    if is_distributed():
        # In one order, so that nobody who waits for a name holds what another needs (rule 22).
        ConversationName.objects.bulk_create(
            ConversationName(name=name, conversation_id=pk)
            for name, pk in sorted(names_of(conversations).items())
        )


def names_of(conversations: Iterable[Conversation]) -> dict[str, int]:
    """What conversations are called, each name with its conversation."""
    return {
        prefix + value: conversation.pk
        for conversation in conversations
        for column, prefix in _PREFIXES.items()
        if (value := getattr(conversation, column)) is not None
    }


def claim_name(conversation_id: int, external_id: str) -> None:
    """Claim an ``external_id`` for a conversation that had none, as ``claim_names``."""
    if is_distributed():
        name = _PREFIXES["external_id"] + external_id
        ConversationName.objects.create(name=name, conversation_id=conversation_id)


def free_names(conversation_id: int, *columns: str) -> None:
    """Free the values that a conversation has, or had, in these columns."""
    if is_distributed():
        for column in columns:
            ConversationName.objects.filter(
                conversation=conversation_id, name__startswith=_PREFIXES[column]
            ).delete()
