"""Conversations: the caller's own, newest activity first, with unread counts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import Refused
from chat.models import Conversation, User
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import ConversationChange, NewConversation
from receipts.api.erasures import ERASED, erased
from receipts.api.fields import known_users
from receipts.api.filters import ConversationFilter
from receipts.api.pagination import NewestActivityFirst
from receipts.api.shapes import ConversationShape, conflict
from receipts.reads.answers import message_shape, notifications_of
from receipts.reads.conversations import conversation_list, conversation_row, newest_messages
from receipts.reads.names import conversation_id_of
from receipts.reads.threads import threads_of
from receipts.reads.unread import NOTHING_UNREAD, unread_by_conversation
from receipts.rules.rows import ConversationRow
from receipts.services.permissions import require_manager


class ConversationViewSet(ApiViewSet):
    """Conversations of the caller; service accounts and moderators see all of them."""

    pagination_class = NewestActivityFirst
    filterset_class = ConversationFilter
    serializer_class = ConversationShape
    short_actions = frozenset({"retrieve"})
    told_without_read = frozenset({"id", "complete"})
    id_of = staticmethod(conversation_id_of)
    queryset = Conversation.objects.none()

    @extend_schema(responses=ConversationShape(many=True))
    def list(self, request: Request) -> Response:
        """List conversations, newest activity first."""
        page = self.page_of(conversation_list(self.user))
        return self.get_paginated_response(conversation_shapes(page, self.user))

    @extend_schema(
        request=NewConversation,
        responses={
            200: ConversationShape,
            201: ConversationShape,
            **conflict("There is another conversation with this `external_id`, or of these two."),
        },
    )
    def create(self, request: Request) -> Response:
        """Start a conversation; the caller becomes its owner.

        A service account may name an ``owner`` and may set an ``external_id``. If that id already
        exists, the response is 200 with the existing conversation, provided that its fields, its
        owner and its current participants match the request; otherwise 409. So it is for two people
        who already have a direct conversation; its owner counts only if a service names one, and
        it gets the ``external_id`` if it has none.
        """
        fields = self.validated(NewConversation)
        names, owner = fields.pop("participants"), fields.pop("owner", None)
        if owner is not None and not self.user.is_service and owner != self.user.username:
            raise Refused("Only a service account may name another owner.")
        refuse_external_id(self.user, fields)
        participants = known_users("participants", names)
        first: User | None = self.user
        if self.user.is_service:
            first = known_users("owner", [owner])[0] if owner else None
        conversation, created = services.create_once(
            owner=first,
            participants=participants,
            owner_is_named=self.user.is_service and owner is not None,
            **fields,
        )
        return Response(self._shape(conversation.pk), status=201 if created else 200)

    @extend_schema(responses=ConversationShape)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One conversation."""
        return Response(self._shape(self.visible_conversation(pk).pk))

    @extend_schema(request=ConversationChange, responses=ConversationShape)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change the title or the receipt settings: owner, admins and service accounts."""
        self.visible_conversation(pk)
        with self.refusing_first(lambda: require_manager(self.user, pk)):
            fields = self.validated(ConversationChange)
        services.change_conversation(by=self.user, conversation_id=pk, **fields)
        return Response(self._shape(pk))

    @extend_schema(responses=ERASED)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a conversation: service accounts, and the owner of a group.

        It is closed for everybody at once; its rows are removed in batches: repeat until
        ``complete``. Then its ``external_id`` is free again.
        """
        return erased(services.delete_conversation(conversation_id=pk, by=self.user))

    def _shape(self, pk: int) -> dict[str, Any]:
        return conversation_shape(pk, self.user)


def refuse_external_id(user: User, fields: dict[str, Any]) -> None:
    """Raise ``Refused`` if anyone but a service account gives one.

    Otherwise any user could take an id before the backend uses it.
    """
    if fields.get("external_id") is not None and not user.is_service:
        raise Refused("Only a service account may set an external_id.")


def conversation_shape(pk: int, user: User) -> dict[str, Any]:
    """One conversation. Raises ``Http404`` if ``user`` cannot see it: it may be deleted by now."""
    return conversation_shapes([conversation_row(user, pk)], user)[0]


def conversation_shapes(rows: list[ConversationRow], user: User) -> list[dict[str, Any]]:
    """Conversations with the caller's unread counts and their newest messages, in two queries."""
    unread = unread_by_conversation(user.pk, [row["id"] for row in rows])
    messages = newest_messages(rows)
    threads = threads_of(messages.values(), user)
    return [
        {
            "id": row["id"],
            "external_id": row["external_id"],
            "kind": row["kind"],
            "title": row["title"],
            "receipt_policy": row["receipt_policy"],
            "receipts_visible_to": row["receipts_visible_to"],
            "thread_recipients": row["thread_recipients"],
            "created_at": row["created_at"],
            "role": row["role"],
            "notifications": notifications_of(row["notifications_enabled"]),
            **unread.get(row["id"], NOTHING_UNREAD),
            "last_message": message_shape(messages[row["last_message"]], user, threads)
            if row["last_message"]
            else None,
        }
        for row in rows
    ]
