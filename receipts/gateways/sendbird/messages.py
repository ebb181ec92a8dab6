"""Messages: send, list around a point, retrieve, edit, delete, count."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import Invalid
from chat.models import Conversation, Message
from chat.names import MessageReference
from receipts import services
from receipts.api.bodies import MessageText, NewMessage
from receipts.api.fields import checked
from receipts.gateways.frame import message_id_given
from receipts.gateways.sendbird.around import around, point
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.clock import time_of_milliseconds
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError, missing_object
from receipts.gateways.sendbird.finding import channel_named, message_in, user_named, users_named
from receipts.gateways.sendbird.reading import BodyFields
from receipts.gateways.sendbird.shapes import ADMIN_MESSAGE, TEXT_MESSAGE
from receipts.gateways.sendbird.threads import (
    PARENT,
    ThreadParts,
    of_the_lines,
    parent_of,
    refused_parent,
    sendbird_messages,
)
from receipts.services.sending import Sent


class Messages(SendbirdView):
    """The messages of one channel."""

    def get(self, request: Request, channel_url: str) -> Response:
        """Messages before and after a point, oldest first by default."""
        query, conversation = self.query, channel_named(channel_url)
        if viewer := query.text("user_id", None):
            user_named(viewer)
        everything = Message.objects.filter(conversation=conversation)
        messages = of_the_lines(everything, conversation, query)
        if not query.flag("including_removed"):
            messages = messages.filter(deleted_at=None)
        rows = around(messages, point(conversation, query), query)
        if query.flag("reverse"):
            rows.reverse()
        shown = ThreadParts.of(query)
        return Response({"messages": sendbird_messages(rows, conversation, self.user, shown)})

    def post(self, request: Request, channel_url: str) -> Response:
        """Send a message; the same ``dedup_id`` again is the same message.

        An admin message is a system line of the key's account, and an activity unless it is silent.
        """
        conversation, body = channel_named(channel_url), self.fields
        fields, parent = _fields(body), parent_of(body)
        if _type_of(body) == ADMIN_MESSAGE:
            if parent is not None:
                raise SendbirdError(SendbirdCode.INVALID, f'"{PARENT}": an ADMM is no reply.')
            activity = not body.flag("is_silent")
            sent = services.send_system_line(
                conversation_id=conversation.pk, sender=self.user, activity=activity, **fields
            )
        else:
            sent = self._send(conversation, fields, parent)
        row = message_in(conversation, sent.message.pk)
        return Response(sendbird_messages([row], conversation, self.user)[0])

    def _send(
        self, conversation: Conversation, fields: dict[str, Any], parent: MessageReference | None
    ) -> Sent:
        mark_read = self.fields.flag("mark_as_read", default=True)
        [sender] = users_named([self.fields.text("user_id")])
        try:
            return services.send_message(
                conversation_id=conversation.pk,
                sender=sender,
                mark_read=mark_read,
                thread=parent,
                **fields,
            )
        except Invalid as error:
            if parent is None:
                raise
            raise refused_parent(conversation, parent, error) from error


class OneMessage(SendbirdView):
    """One message of a channel."""

    def get(self, request: Request, channel_url: str, message_id: str) -> Response:
        conversation = channel_named(channel_url)
        row, shown = message_in(conversation, _id(message_id)), ThreadParts.of(self.query)
        return Response(sendbird_messages([row], conversation, self.user, shown)[0])

    def put(self, request: Request, channel_url: str, message_id: str) -> Response:
        """Change the text of any member's message; its receipts stand."""
        conversation, body = channel_named(channel_url), self.fields
        pk = message_in(conversation, _id(message_id))["id"]
        _type_of(body)
        fields = checked(MessageText, {"body": body.text("message")})
        services.edit_message(message_id=pk, body=fields["body"])
        row = message_in(conversation, pk)
        return Response(sendbird_messages([row], conversation, self.user)[0])

    def delete(self, request: Request, channel_url: str, message_id: str) -> Response:
        """Delete softly; a repeat changes nothing."""
        row = message_in(channel_named(channel_url), _id(message_id))
        services.delete_message(message_id=row["id"])
        return Response({})


class TotalCount(SendbirdView):
    """The number of messages in a channel; deleted ones are not counted."""

    def get(self, request: Request, channel_url: str) -> Response:
        messages = Message.objects.filter(conversation=channel_named(channel_url), deleted_at=None)
        return Response({"total": messages.count()})


def _id(given: str) -> int:
    """The id of the message in an address; 400201 for a number that is too large for an id."""
    number = message_id_given(given)
    if number is None:
        raise missing_object("Message")
    return number


def _fields(body: BodyFields) -> dict[str, Any]:
    """A new message in our field names, checked as the native API checks it."""
    given: dict[str, Any] = {"body": body.text("message")}
    if dedup_id := body.text("dedup_id", ""):
        given["client_id"] = dedup_id
    fields = checked(NewMessage, given)
    created_at = body.number("created_at")
    if created_at:
        fields["sent_at"] = time_of_milliseconds(created_at)
        if fields["sent_at"] > timezone.now():
            raise SendbirdError(SendbirdCode.OUT_OF_RANGE, '"created_at" may not be in the future.')
    return fields


def _type_of(body: BodyFields) -> str:
    """The type of a message to send or change; 400111 for files."""
    given = body.text("message_type", TEXT_MESSAGE)
    if given not in (TEXT_MESSAGE, ADMIN_MESSAGE):
        raise SendbirdError(SendbirdCode.INVALID, '"message_type" must be MESG or ADMM here.')
    return given
