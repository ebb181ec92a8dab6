"""Queries that join chat and receipts. Each function returns one thing with one query."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from chat.models import Conversation, ConversationParticipant, Message, MessageName
from chat.sql.compiled import CompiledQuery
from receipts.models import MessageStatus
from receipts.reads.places import known_conversation, remember
from receipts.rules.rows import ListedRow, OwnRow, columns_of


def _own_row(username: str, **which: Any) -> QuerySet[MessageStatus, OwnRow]:
    active = ConversationParticipant.objects.filter(
        conversation=OuterRef("conversation"), user=OuterRef("recipient"), is_active=True
    )
    rows = MessageStatus.objects.filter(
        Exists(active), recipient__username=username, recipient__is_active=True, **which
    )
    return cast("QuerySet[MessageStatus, OwnRow]", rows.values(*columns_of(OwnRow)))


def _own_row_by_name(name: str, username: str) -> QuerySet[MessageStatus, OwnRow]:
    named = MessageName.objects.filter(external_id=name)
    return _own_row(
        username,
        message_id=Subquery(named.values("message_id")),
        conversation_id=Subquery(named.values("conversation_id")),
    )


_OWN_ROW = CompiledQuery(
    lambda message, username: _own_row(username, message_id=message), message=int, username=str
)
_OWN_ROW_IN = CompiledQuery(
    lambda message, conversation, username: _own_row(
        username, message_id=message, conversation_id=conversation
    ),
    message=int,
    conversation=int,
    username=str,
)
_OWN_ROW_BY_NAME = CompiledQuery(_own_row_by_name, name=str, username=str)


def own_row(message: int | str, username: str) -> OwnRow | None:
    """A recipient's own row, while they take part in the conversation; otherwise None.

    ``message`` is its id, or its external id, which costs no further statement.
    """
    query, params = _own_row_query(message, username)
    row = query.first(**params)
    if row is not None:
        remember(row["message_id"], row["conversation_id"], row["sent_at"])
    return row


def own_row_sql(
    message: int | str, username: str
) -> tuple[tuple[str, dict[str, Any]], dict[str, int | str]]:
    """``own_row`` as a part of a larger statement: a SELECT with its constants; its parameters.

    ``conversation`` is among the parameters where this process knows it.
    """
    query, params = _own_row_query(message, username)
    return query.as_sql(), params


def own_row_in_conversation_sql() -> tuple[str, dict[str, Any]]:
    """The SELECT of ``own_row_sql`` where the conversation is known."""
    return _OWN_ROW_IN.as_sql()


def _own_row_query(
    message: int | str, username: str
) -> tuple[CompiledQuery[OwnRow], dict[str, int | str]]:
    if isinstance(message, str):
        return _OWN_ROW_BY_NAME, {"name": message, "username": username}
    conversation = known_conversation(message)
    if conversation is None:
        return _OWN_ROW, {"message": message, "username": username}
    return _OWN_ROW_IN, {"message": message, "conversation": conversation, "username": username}


def takes_part(conversation_id: int, username: str) -> bool:
    """Whether a user takes part in a conversation now."""
    participants = ConversationParticipant.objects.active().filter(user__username=username)
    return participants.filter(conversation=conversation_id).exists()


def unread(conversation: Any = None) -> QuerySet[MessageStatus]:
    """Rows that count as unread: not seen, not withdrawn, message not deleted (rules 7 and 21).

    ``conversation``: the one in which they are, if it is known.
    """
    deleted = Message.objects.filter(
        conversation=conversation or OuterRef("conversation"),
        pk=OuterRef("message"),
        deleted_at__isnull=False,
    )
    return MessageStatus.objects.filter(~Exists(deleted), seen_at=None, withdrawn_at=None)


def unread_of(user_id: int) -> QuerySet[MessageStatus]:
    """A user's unread rows in all conversations, without those that are being deleted.

    These are few: their ids are looked up once in a statement, by a partial index.
    """
    deleted = Conversation.objects.deleted().values("pk")
    return unread().filter(recipient_id=user_id).exclude(conversation_id__in=deleted)


def _unread_counts(user: int) -> Any:
    muted = ConversationParticipant.objects.filter(
        user=user, notifications_enabled=False, conversation=OuterRef("conversation")
    )
    unmuted = Count("recipient_id", filter=~Exists(muted))
    return _counted(unread_of(user), unread_count_unmuted=unmuted)


def _counted(rows: QuerySet[MessageStatus], **more: Count) -> Any:
    """How many rows of one user these are; nothing if there are none."""
    counts = {"unread_count": Count("*"), **more}
    return rows.order_by().values("recipient_id").annotate(**counts).values(*counts)


_UNREAD_COUNTS = CompiledQuery(_unread_counts, user=int)
_UNREAD_COUNT = CompiledQuery(lambda user: _counted(unread_of(user)), user=int)
_NOTHING_UNREAD = {"unread_count": 0, "unread_count_unmuted": 0}


def unread_count(user_id: int) -> int:
    """A user's number of unread messages in all conversations."""
    found = _UNREAD_COUNT.first(user=user_id)
    return found["unread_count"] if found else 0


def unread_counts(user_id: int) -> dict[str, int]:
    """A user's ``unread_count``, and the part of it that they are notified of.

    ``unread_count_unmuted`` leaves out conversations with notifications off. In one query.
    """
    return _UNREAD_COUNTS.first(user=user_id) or dict(_NOTHING_UNREAD)


_UNREAD_IN_CONVERSATION = CompiledQuery(
    lambda user, conversation: _counted(
        unread().filter(recipient_id=user, conversation_id=conversation)
    ),
    user=int,
    conversation=int,
)


def unread_in_conversation(user_id: int, conversation_id: int) -> int:
    """A user's number of unread messages in one conversation."""
    found = _UNREAD_IN_CONVERSATION.first(user=user_id, conversation=conversation_id)
    return found["unread_count"] if found else 0


def membership_in(conversation_id: int) -> dict[str, Any]:
    """Columns of rows with a ``recipient``: their present membership, null without one."""
    return {
        "participation": FilteredRelation(
            "recipient__participations",
            condition=Q(recipient__participations__conversation=conversation_id),
        ),
        "is_active": F("participation__is_active"),
        "is_muted": F("participation__is_muted"),
        "is_banned": F("participation__is_banned"),
    }


def recipients_of(message_id: int, conversation_id: int) -> QuerySet[MessageStatus, ListedRow]:
    """A message's rows, each with its recipient and their present membership.

    In the order of the unique index, so that pagination is stable and needs no other index at any
    number of recipients.
    """
    rows = (
        MessageStatus.objects.filter(message_id=message_id, conversation_id=conversation_id)
        .annotate(**membership_in(conversation_id))
        .order_by("recipient_id")
        .values(*columns_of(ListedRow))
    )
    return cast("QuerySet[MessageStatus, ListedRow]", rows)
