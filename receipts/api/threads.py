"""Threads of a conversation: listing them, and following one (rule 30)."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Message, Thread
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import ActingBody
from receipts.api.filters import ThreadFilter
from receipts.api.pagination import KeysetPagination
from receipts.api.shapes import Following, MessageShape
from receipts.reads.answers import message_shapes
from receipts.reads.messages import message_rows
from receipts.reads.names import conversation_id_of, message_id_of
from receipts.reads.threads import threads_in
from receipts.sql.keyset import Order


class NewestReplyFirst(KeysetPagination):
    """Threads, by the time of their newest reply."""

    order = Order("-last_reply_at", "-root_id")


class ConversationThreadViewSet(ApiViewSet):
    """The threads of one conversation."""

    pagination_class = NewestReplyFirst
    filterset_class = ThreadFilter
    serializer_class = MessageShape
    queryset = Thread.objects.none()
    id_of = staticmethod(conversation_id_of)

    @extend_schema(responses=MessageShape(many=True))
    def list(self, request: Request, pk: int) -> Response:
        """List the messages that have replies, the newest reply first."""
        conversation = self.visible_conversation(pk)
        page = self.page_of(threads_in(conversation.pk))
        roots = [thread.root_id for thread in page]
        rows = message_rows(Message.objects.filter(conversation=conversation, pk__in=roots))
        shapes = {shape["id"]: shape for shape in message_shapes(list(rows), self.user)}
        return self.get_paginated_response([shapes[root] for root in roots if root in shapes])


class ThreadFollowingViewSet(ApiViewSet):
    """A participant follows the thread of a message, or does so no more."""

    serializer_class = Following
    told_without_read = frozenset({"message", "user"})
    id_of = staticmethod(message_id_of)

    @extend_schema(request=ActingBody, responses=Following)
    def follow(self, request: Request, pk: int) -> Response:
        """Follow the thread of a message, which may have no reply yet."""
        return self._follow(pk, following=True)

    @extend_schema(request=ActingBody, responses=Following)
    def unfollow(self, request: Request, pk: int) -> Response:
        """Follow it no more, until you write in it again."""
        return self._follow(pk, following=False)

    def _follow(self, pk: int, *, following: bool) -> Response:
        username = self.acting_username(self.validated(ActingBody).get("user"))
        conversation = self.visible_message(pk)["conversation_id"]
        services.follow_thread(
            conversation_id=conversation, root=pk, username=username, following=following
        )
        return Response(
            {
                "message": pk,
                "conversation": conversation,
                "user": username,
                "following": following,
            }
        )
