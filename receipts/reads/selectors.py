"""Queries that join chat and receipts. Each function returns one thing with one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.db.models import Count, Exists, F, FilteredRelation, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.models import MessageStatus
from receipts.rules.rows import (
    ListedRow,
    OwnRow,
    UnreadCount,
    columns_of,
)
from receipts.sql.compiled import CompiledQuery

#: At most this many pairs of user and conversation per query.
PAIRS_AT_ONCE = 100


def _own_row(message: int, username: str) -> QuerySet[MessageStatus, OwnRow]:
    active = ConversationParticipant.objects.filter(
        conversation=OuterRef("conversation"), user=OuterRef("recipient"), is_active=True
    )
    rows = MessageStatus.objects.filter(
        Exists(active),
        message_id=message,
        recipient__username=username,
        recipient__is_active=True,
    )
    return cast("QuerySet[MessageStatus, OwnRow]", rows.values(*columns_of(OwnRow)))


_OWN_ROW = CompiledQuery(_own_row, message=int, username=str)


def own_row(message_id: int, username: str) -> OwnRow | None:
    """A recipient's own row, while they take part in the conversation; otherwise None."""
    return _OWN_ROW.first(message=message_id, username=username)


def takes_part(conversation_id: int, username: str) -> bool:
    """Whether a user takes part in a conversation now."""
    participants = ConversationParticipant.objects.active().filter(user__username=username)
    return participants.filter(conversation=conversation_id).exists()


def unread() -> QuerySet[MessageStatus]:
    """Rows that count as unread: not seen, not withdrawn, message not deleted (rules 7 and 21)."""
    deleted = Message.objects.filter(
        conversation=OuterRef("conversation"), pk=OuterRef("message"), deleted_at__isnull=False
    )
    return MessageStatus.objects.filter(~Exists(deleted), seen_at=None, withdrawn_at=None)


def unread_of(user_id: int) -> QuerySet[MessageStatus]:
    """A user's unread rows."""
    return unread().filter(recipient_id=user_id)


_UNREAD_IN_CONVERSATION = CompiledQuery(
    lambda user, conversation: (
        unread_of(user)
        .filter(conversation_id=conversation)
        .order_by()
        .values("recipient_id")
        .annotate(unread_count=Count("pk"))
        .values("unread_count")
    ),
    user=int,
    conversation=int,
)


def unread_in_conversation(user_id: int, conversation_id: int) -> int:
    """A user's number of unread messages in one conversation."""
    found = _UNREAD_IN_CONVERSATION.first(user=user_id, conversation=conversation_id)
    return found["unread_count"] if found else 0


def unread_by_conversation(user_id: int, conversation_ids: Iterable[int]) -> dict[int, UnreadCount]:
    """``unread_count`` and ``first_unread_message`` by conversation, where anything is unread."""
    rows: Iterable[Any] = (
        unread_of(user_id)
        .filter(conversation_id__in=list(conversation_ids))
        .values("conversation_id")
        .annotate(unread_count=Count("pk"), first_unread_message=Min("message_id"))
    )
    return {row.pop("conversation_id"): row for row in rows}


def unread_of_pairs(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], UnreadCount]:
    """The same for many users, each in one conversation; pairs with nothing unread are omitted."""
    found: dict[tuple[int, int], UnreadCount] = {}
    pairs = list(pairs)
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        of_some = Q()
        for user_id, conversation_id in pairs[start : start + PAIRS_AT_ONCE]:
            of_some |= Q(recipient_id=user_id, conversation_id=conversation_id)
        rows: Iterable[Any] = (
            unread()
            .filter(of_some)
            .values("recipient_id", "conversation_id")
            .annotate(unread_count=Count("pk"), first_unread_message=Min("message_id"))
        )
        for row in rows:
            found[row.pop("recipient_id"), row.pop("conversation_id")] = row
    return found


def conversations_of(user: User) -> QuerySet[Conversation]:
    """The conversations a user may see, each with its newest message and the user's role."""
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-pk")
    mine = ConversationParticipant.objects.filter(conversation=OuterRef("pk"), user=user)
    return Conversation.objects.visible_to(user).annotate(
        last_message=Coalesce(newest.values("pk")[:1], 0),
        role=mine.filter(is_active=True).values("role")[:1],
    )


def recipients_of(message_id: int, conversation_id: int) -> QuerySet[MessageStatus, ListedRow]:
    """A message's rows, each with its recipient and their present membership.

    In the order of the unique index, so that pagination is stable and needs no other index at any
    number of recipients.
    """
    rows = (
        MessageStatus.objects.filter(message_id=message_id, conversation_id=conversation_id)
        .annotate(
            participation=FilteredRelation(
                "recipient__participations",
                condition=Q(recipient__participations__conversation=conversation_id),
            ),
            is_active=F("participation__is_active"),
            is_muted=F("participation__is_muted"),
            is_banned=F("participation__is_banned"),
        )
        .order_by("recipient_id")
        .values(*columns_of(ListedRow))
    )
    return cast("QuerySet[MessageStatus, ListedRow]", rows)
