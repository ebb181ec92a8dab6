"""The conversations that a user may see: all, and one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import Http404

from chat.models import Conversation, ConversationParticipant, Message, User
from chat.sql.compiled import CompiledQuery, CompiledVariants, instance_of, stored_columns
from receipts.reads.messages import message_rows
from receipts.rules.rows import ConversationRow, MessageRow, columns_of
from receipts.sql.keyset import EARLIEST, NEWEST_ACTIVITY_FIRST, NEWEST_FIRST, OLDEST_FIRST
from receipts.sql.pages import CompiledPages, WholeList
from receipts.sql.run import id_list

_VISIBLE = CompiledVariants(
    lambda conversation, only=None: (
        Conversation.objects.seen_by(only)
        .filter(pk=conversation)
        .values(*stored_columns(Conversation))
    ),
    conversation=int,
    only=int,
)


def visible_conversation(user: User, pk: int) -> Conversation:
    """The conversation. Raises ``Http404`` if ``user`` cannot see it (rule 17)."""
    row = _VISIBLE.first(conversation=pk, only=user.sees_only)
    if row is None:
        raise Http404
    return instance_of(Conversation, row)


def conversations_of(user: User) -> QuerySet[Conversation]:
    """The conversations a user may see, each with its newest message and the user's own part.

    System lines are passed over, unless they are an activity. Without a message, ``last_message``
    is 0 and ``last_message_at`` before all others. PostgreSQL looks up the time of each
    conversation, to sort them, but the message of those on the page.
    """
    return _with_newest(Conversation.objects.visible_to(user), user.pk)


def _with_newest(conversations: QuerySet[Conversation], user: int) -> QuerySet[Conversation]:
    activity = Message.objects.filter(conversation=OuterRef("pk"), is_activity=True)
    newest = NEWEST_FIRST.sorted(activity)
    mine = ConversationParticipant.objects.filter(
        conversation=OuterRef("pk"), user=user, is_active=True
    )
    return conversations.annotate(
        last_message=Coalesce(newest.values("pk")[:1], 0),
        last_message_at=Coalesce(newest.values("created_at")[:1], Value(EARLIEST)),
        role=mine.values("role")[:1],
        notifications_enabled=mine.values("notifications_enabled")[:1],
    )


def _rows(user: int, only: int | None = None) -> Any:
    found = _with_newest(Conversation.objects.seen_by(only), user)
    return found.values(*columns_of(ConversationRow))


_WHO = {"user": int, "only": int}
_LIST = CompiledPages(_rows, NEWEST_ACTIVITY_FIRST, **_WHO)
_ONE = CompiledVariants(
    lambda conversation, **who: _rows(**who).filter(pk=conversation), conversation=int, **_WHO
)


def conversation_list(user: User) -> WholeList[ConversationRow]:
    """``conversations_of``, as the native API needs them."""
    return WholeList(_LIST, {"user": user.pk, "only": user.sees_only})


def conversation_row(user: User, pk: int) -> ConversationRow:
    """One of ``conversation_list``. Raises ``Http404`` if ``user`` cannot see it."""
    row: ConversationRow | None = _ONE.first(conversation=pk, user=user.pk, only=user.sees_only)
    if row is None:
        raise Http404
    return row


_NEWEST = CompiledQuery(
    lambda conversations, messages: message_rows(
        Message.objects.filter(conversation__among=conversations, pk__among=messages)
    ),
    conversations=list,
    messages=list,
)


def newest_messages(conversations: Iterable[ConversationRow]) -> dict[int, MessageRow]:
    """The newest messages of conversations by their ids, in at most one statement."""
    newest = {each["id"]: each["last_message"] for each in conversations if each["last_message"]}
    if not newest:
        return {}
    rows = _NEWEST.rows(conversations=id_list(newest), messages=id_list(newest.values()))
    return {row["id"]: row for row in rows}


_CURRENT = CompiledPages(
    lambda conversation: (
        ConversationParticipant.objects.active()
        .filter(conversation=conversation)
        .values(*stored_columns(ConversationParticipant), *stored_columns(User, "user__"))
    ),
    OLDEST_FIRST,
    conversation=int,
)


def current_participants(conversation_id: int) -> WholeList[Any]:
    """Those who take part in a conversation now, as rows for ``participant_of``."""
    return WholeList(_CURRENT, {"conversation": conversation_id})


def participant_of(row: Mapping[str, Any]) -> ConversationParticipant:
    """The participant, with the user."""
    participant = instance_of(ConversationParticipant, row)
    participant.user = instance_of(User, row, "user__")
    return participant
