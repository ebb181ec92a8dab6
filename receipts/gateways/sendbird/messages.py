"""Messages: send, list around a point, look at one, edit, delete, count."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from chat.ids import MAX_ID, whole_number
from chat.models import Message
from receipts import services
from receipts.api.bodies import NewMessage
from receipts.api.fields import checked
from receipts.gateways.sendbird.around import around, point
from receipts.gateways.sendbird.base import GatewayView, channel, message_in, people, person
from receipts.gateways.sendbird.clock import moment
from receipts.gateways.sendbird.errors import Code, SendbirdError, not_found
from receipts.gateways.sendbird.reading import Given
from receipts.gateways.sendbird.shapes import message_shapes


class Messages(GatewayView):
    """The messages of one channel."""

    def get(self, request: Request, channel_url: str) -> Response:
        """Messages before and after a point, the oldest first."""
        asked, conversation = self.asked, channel(channel_url)
        if viewer := asked.text("user_id", None):
            person(viewer)
        messages = Message.objects.filter(conversation=conversation)
        if not asked.flag("including_removed"):
            messages = messages.filter(deleted_at=None)
        rows = around(messages, point(conversation, asked), asked)
        if asked.flag("reverse"):
            rows.reverse()
        return Response({"messages": message_shapes(rows, conversation, self.caller)})

    def post(self, request: Request, channel_url: str) -> Response:
        """Send a message; the same ``dedup_id`` again is the same message."""
        conversation, body = channel(channel_url), self.body
        fields = _fields(body)
        [sender] = people([body.text("user_id")])
        sent = services.send_message(conversation_id=conversation.pk, sender=sender, **fields)
        row = message_in(conversation, sent.message.pk)
        return Response(message_shapes([row], conversation, self.caller)[0])


class OneMessage(GatewayView):
    """One message of a channel."""

    def get(self, request: Request, channel_url: str, message_id: str) -> Response:
        conversation = channel(channel_url)
        row = message_in(conversation, _id(message_id))
        return Response(message_shapes([row], conversation, self.caller)[0])

    def put(self, request: Request, channel_url: str, message_id: str) -> Response:
        """Give a message another text; its receipts stand."""
        conversation, body = channel(channel_url), self.body
        pk = message_in(conversation, _id(message_id))["id"]
        _refuse_other_kinds(body)
        fields = checked(NewMessage, {"body": body.text("message")})
        services.edit_message(message_id=pk, body=fields["body"])
        row = message_in(conversation, pk)
        return Response(message_shapes([row], conversation, self.caller)[0])

    def delete(self, request: Request, channel_url: str, message_id: str) -> Response:
        """Delete softly; once more changes nothing."""
        row = message_in(channel(channel_url), _id(message_id))
        services.delete_message(message_id=row["id"])
        return Response({})


class TotalCount(GatewayView):
    """How many messages a channel has."""

    def get(self, request: Request, channel_url: str) -> Response:
        messages = Message.objects.filter(conversation=channel(channel_url), deleted_at=None)
        return Response({"total": messages.count()})


def _id(digits: str) -> int:
    """A message's number; too long a one is none that a message has."""
    number = whole_number(digits, MAX_ID)
    if number is None:
        raise not_found("Message")
    return number


def _fields(body: Given) -> dict[str, Any]:
    """Under our names, checked as the native API checks them."""
    _refuse_other_kinds(body)
    given: dict[str, Any] = {"body": body.text("message")}
    if dedup_id := body.text("dedup_id", ""):
        given["client_id"] = dedup_id
    mark_read = body.flag("mark_as_read", default=True)
    fields = {**checked(NewMessage, given), "mark_read": mark_read}
    created_at = body.number("created_at")
    if created_at:
        fields["sent_at"] = moment(created_at)
        if fields["sent_at"] > timezone.now():
            raise SendbirdError(Code.OUT_OF_RANGE, '"created_at" may not be in the future.')
    return fields


def _refuse_other_kinds(body: Given) -> None:
    if body.text("message_type", "MESG") != "MESG":
        raise SendbirdError(Code.INVALID, '"message_type" can only be MESG here.')
