"""Messages and conversations by their external ids. An unknown name is id 0, which nothing has.

So a request that names something unknown is answered exactly like one with an unknown number.
"""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import Conversation, Message, MessageName
from chat.sql.compiled import CompiledQuery
from receipts.sql.run import id_list

#: SQL: the id of the message with the external id ``{0}``.
MESSAGE_NAMED_SQL = (
    "(SELECT named.message_id FROM chat_messagename AS named WHERE named.external_id = {0})"
)

_MESSAGE = CompiledQuery(
    lambda name: MessageName.objects.filter(external_id=name).values("message_id"), name=str
)
_CONVERSATION = CompiledQuery(
    lambda name: Conversation.objects.filter(external_id=name).values("id"), name=str
)


_NAMES = CompiledQuery(
    lambda conversation, ids: Message.objects.filter(
        conversation=conversation, pk__among=ids, external_id__isnull=False
    ).values("id", "external_id"),
    conversation=int,
    ids=list,
)


def message_id_of(reference: int | str) -> int:
    """The id of a message."""
    if isinstance(reference, int):
        return reference
    found = _MESSAGE.first(name=reference)
    return found["message_id"] if found else 0


def conversation_id_of(reference: int | str) -> int:
    """The id of a conversation."""
    if isinstance(reference, int):
        return reference
    found = _CONVERSATION.first(name=reference)
    return found["id"] if found else 0


def message_ids_of(names: Iterable[str]) -> dict[str, int]:
    """The ids of the messages with these names, without the unknown ones; in one statement."""
    named = MessageName.objects.filter(external_id__in=set(names))
    return dict(named.values_list("external_id", "message_id"))


def names_of_messages(ids: Iterable[int | None], conversation_id: int) -> dict[int | None, str]:
    """The names of those of a conversation's messages that have one; in at most one statement."""
    known = {pk for pk in ids if pk is not None}
    if not known:
        return {}
    rows = _NAMES.rows(conversation=conversation_id, ids=id_list(known))
    return {row["id"]: str(row["external_id"]) for row in rows}
