"""Messages as its SDK sends, lists, looks at and deletes them."""

from __future__ import annotations

from itertools import islice
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Message
from receipts import services
from receipts.api.bodies import NewMessage
from receipts.api.fields import checked
from receipts.api.limits import STOP_AT
from receipts.api.messages import ConversationMessageViewSet, MessageViewSet
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.paging import PARAMETERS, Asked
from receipts.gateways.socialplus.shapes import COLUMNS, messages
from receipts.gateways.translating import id_of

#: What a new message may hold; more would be lost without a word.
_FIELDS = {"messageFeedId", "dataType", "data", "referenceId"}


class MessagesView(SocialPlusView, ConversationMessageViewSet):
    """The messages of one feed."""

    query_parameters = PARAMETERS | {"messageFeedId", "isDeleted"}

    def page(self, request: Request) -> Response:
        """A page of a feed, newest first unless asked otherwise."""
        feed = self.conversation_named(request.query_params.get("messageFeedId", ""))
        rows = Message.objects.filter(conversation=feed).values(*COLUMNS)
        deleted = request.query_params.get("isDeleted")
        if deleted not in (None, "true", "false"):
            raise ValidationError({"isDeleted": ["Is true or false."]})
        if deleted is not None:
            rows = rows.filter(deleted_at__isnull=deleted == "false")
        found, tokens = Asked.by(request.query_params, newest_first=True).page(rows, "id")
        return Response({**messages(found, self.user), "paging": tokens})

    def send(self, request: Request) -> Response:
        """Send; its ``referenceId`` makes a repeated request the same message."""
        body = self.body()
        feed = self.conversation_named(str(body.get("messageFeedId", "")))
        fields = checked(NewMessage, _translated(body))
        sender = self._sender(None, fields)
        sent = services.send_message(conversation_id=feed.pk, sender=sender, **fields)
        return Response(messages([self.visible_message(sent.message.pk)], self.user))


class MessageView(SocialPlusView, MessageViewSet):
    """One message."""

    def show(self, request: Request, pk: str) -> Response:
        """A message."""
        return Response(messages([self.visible_message(id_of(pk))], self.user))

    def delete_softly(self, request: Request, pk: str) -> Response:
        """Delete it, and show what is left of it."""
        self.destroy(request, id_of(pk))
        return self.show(request, pk)


def _translated(body: dict[str, Any]) -> dict[str, Any]:
    """Its words for a new message in ours."""
    data = body.get("data")
    unknown = (name for name in body if name not in _FIELDS and body[name] is not None)
    if errors := {name: ["Is not kept here."] for name in islice(unknown, STOP_AT)}:
        raise ValidationError(errors)
    if body.get("dataType") != "text" or not isinstance(data, dict) or set(data) != {"text"}:
        raise ValidationError({"data": ["Messages are text here: {'text': …}."]})
    return {"body": data["text"], "client_id": body.get("referenceId")}
