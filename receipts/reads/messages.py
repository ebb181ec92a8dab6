"""Messages as typed rows, and one message that a user requests."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, TypeVar, cast

from django.db.models import QuerySet
from django.http import Http404

from chat.errors import Refused
from chat.models import Message, User
from chat.sql.compiled import CompiledVariants
from receipts.reads.places import placed, remember
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.rows import MessageRow, columns_of
from receipts.sql.keyset import NEWEST_FIRST
from receipts.sql.pages import CompiledPages, WholeList
from receipts.sql.run import id_list

#: ``MessageRow``, or one with more columns.
AnyMessageRow = TypeVar("AnyMessageRow", bound=MessageRow)


def rows_of(
    messages: QuerySet[Message], kind: type[AnyMessageRow]
) -> QuerySet[Message, AnyMessageRow]:
    """These messages, each with the columns of ``kind``."""
    return cast("QuerySet[Message, AnyMessageRow]", messages.values(*columns_of(kind)))


@cache
def _visible(kind: type[Any]) -> CompiledVariants[Any]:
    return CompiledVariants(
        lambda only=None, **which: rows_of(Message.objects.seen_by(only).filter(**which), kind),
        pk=int,
        conversation=int,
        only=int,
    )


def visible_row(user: User, pk: int, kind: type[AnyMessageRow]) -> AnyMessageRow:
    """The message. Raises ``Http404`` if ``user`` cannot see it (rule 17)."""
    query = _visible(cast("Any", kind))
    message: AnyMessageRow | None = query.first(**placed(pk), only=user.sees_only)
    if message is None:
        raise Http404
    remember(pk, message["conversation_id"], message["created_at"])
    return message


def disclosed_row(user: User, pk: int, kind: type[AnyMessageRow]) -> AnyMessageRow:
    """The message, if ``user`` may see its receipts (rule 17). Raises ``Http404``, ``Refused``."""
    message = visible_row(user, pk, kind)
    if not discloses_receipts(message, user):
        raise Refused("The receipts of this message are not for you.")
    return message


def message_rows(messages: QuerySet[Message]) -> QuerySet[Message, MessageRow]:
    """These messages, as the native API needs them."""
    return rows_of(messages, MessageRow)


_VISIBLE_OF = CompiledVariants(
    lambda ids, only=None: message_rows(Message.objects.seen_by(only).filter(pk__among=ids)),
    ids=list,
    only=int,
)


def visible_messages(user: User, ids: Collection[int]) -> list[MessageRow]:
    """Those of these messages that ``user`` can see (rule 17)."""
    return _VISIBLE_OF.rows(ids=id_list(ids), only=user.sees_only)


_IN_CONVERSATION = CompiledPages(
    lambda conversation: message_rows(Message.objects.filter(conversation=conversation)),
    NEWEST_FIRST,
    conversation=int,
)


def messages_in(conversation_id: int) -> WholeList[MessageRow]:
    """The messages of a conversation."""
    return WholeList(_IN_CONVERSATION, {"conversation": conversation_id})


def visible_message(user: User, pk: int) -> MessageRow:
    """``visible_row``, as the native API needs it."""
    return visible_row(user, pk, MessageRow)


def disclosed_message(user: User, pk: int) -> MessageRow:
    """``disclosed_row``, as the native API needs it."""
    return disclosed_row(user, pk, MessageRow)
