"""Messages: send, list, retrieve, edit, delete, restore."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import Invalid, NotParticipant, Refused
from chat.models import Message, MessageKind, User
from receipts import services
from receipts.api import idempotency
from receipts.api.base import ApiViewSet
from receipts.api.bodies import MessageText, NewMessage
from receipts.api.fields import StrictSerializer, known_users
from receipts.api.filters import MessageFilter
from receipts.api.pagination import NewestFirst
from receipts.api.shapes import MessageShape, conflict
from receipts.reads.answers import message_shapes
from receipts.reads.messages import messages_in
from receipts.reads.names import conversation_id_of, message_id_of
from receipts.services.permissions import require_may_edit
from receipts.services.sending import Sent


class ConversationMessageViewSet(ApiViewSet):
    """The messages of one conversation."""

    pagination_class = NewestFirst
    filterset_class = MessageFilter
    serializer_class = MessageShape
    short_actions = frozenset({"create"})
    told_without_read = frozenset({"id"})
    queryset = Message.objects.none()
    id_of = staticmethod(conversation_id_of)

    @extend_schema(responses=MessageShape(many=True))
    def list(self, request: Request, pk: int) -> Response:
        """List messages, newest first, each with the receipts that the caller may see."""
        self.visible_conversation(pk)
        page = self.page_of(messages_in(pk))
        return self.get_paginated_response(message_shapes(page, self.user))

    @extend_schema(
        parameters=[idempotency.PARAMETER],
        request=NewMessage,
        responses={
            200: MessageShape,
            201: MessageShape,
            **conflict("Another message has this `client_id` or `external_id`."),
        },
    )
    def create(self, request: Request, pk: int) -> Response:
        """Send a message; repeating its ``client_id`` or ``external_id`` returns 200 with it.

        If the existing message differs from the request, the response is 409. Only service accounts
        give an ``external_id``, which is unique over all conversations.

        A service account may send a system line, which nobody receives or reads: ``sender`` may
        then be anyone, by default the service account itself. It moves its conversation up only
        with ``activity``.
        """
        self.visible_conversation(pk)
        fields = self.validated(NewMessage)
        fields["client_id"] = idempotency.client_id_of(request, fields.get("client_id"))
        send = self._system_line if fields.pop("kind", None) == MessageKind.SYSTEM else self._send
        sent = send(pk, fields)
        shape = self.shape_of(sent.message.pk)
        return Response(shape, status=201 if sent.created else 200)

    def _send(self, pk: int, fields: dict[str, Any]) -> Sent:
        fields.pop("activity", None)  # which is false
        sender = self._sender(fields.pop("sender", None), fields)
        try:
            return services.send_message(conversation_id=pk, sender=sender, **fields)
        except NotParticipant as error:
            if self.user.is_service:
                raise Invalid(
                    "sender", "The sender is not a participant of this conversation."
                ) from error
            raise

    def _system_line(self, pk: int, fields: dict[str, Any]) -> Sent:
        if not self.user.is_service:
            raise Refused("Only a service account may send a system line.")
        for name in ("request_receipts", "mark_read"):
            fields.pop(name, None)  # which is false
        named = fields.pop("sender", None)
        sender = self.user if named is None else known_users("sender", [named])[0]
        return services.send_system_line(conversation_id=pk, sender=sender, **fields)

    def _sender(self, named: str | None, fields: dict[str, object]) -> User:
        """The sender: named by a service account; otherwise always the caller (rule 18)."""
        if self.user.is_service:
            if named is None:
                raise ValidationError(
                    {"sender": ["Required: a service account must name the sender."]},
                    code="required",
                )
            return known_users("sender", [named])[0]
        if named is not None and named != self.user.username:
            raise Refused("Only a service account may name another sender.")
        for field in ("sent_at", "external_id"):
            if fields.get(field) is not None:
                # Otherwise any user could take an id before the backend uses it.
                raise Refused(f"Only a service account may set {field}.")
        return self.user


class MessageViewSet(ApiViewSet):
    """One message."""

    serializer_class = MessageShape
    short_actions = frozenset({"retrieve"})
    id_of = staticmethod(message_id_of)
    told_without_read = frozenset({"id"})

    @extend_schema(responses=MessageShape)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One message, with its receipts if the caller may see them."""
        return Response(self.shape_of(pk))

    @extend_schema(request=MessageText, responses=MessageShape)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change the text of a message: its sender, and service accounts.

        ``body`` is required. Receipts stand: the recipient list tells whose read was before the
        edit. The same text again changes nothing.
        """
        row = self.visible_message(pk)
        with self.refusing_first(
            lambda: require_may_edit(self.user, row["sender_id"], row["tracking"])
        ):
            body = self.validated(MessageText)["body"]
        services.edit_message(by=self.user, message_id=pk, body=body)
        return Response(self.shape_of(pk))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Soft-delete a message: its sender, moderators and service accounts."""
        self.visible_message(pk)
        services.delete_message(by=self.user, message_id=pk)
        return Response(status=204)

    @extend_schema(request=None, responses=MessageShape)
    def restore(self, request: Request, pk: int) -> Response:
        """Restore a deleted message: moderators and service accounts."""
        self.validated(StrictSerializer)
        self.visible_message(pk)
        services.restore_message(by=self.user, message_id=pk)
        return Response(self.shape_of(pk))
