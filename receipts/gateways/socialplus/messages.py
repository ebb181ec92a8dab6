"""Messages: list, send, retrieve, edit and delete them."""

from __future__ import annotations

from itertools import islice
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Message, User
from receipts import services
from receipts.api.bodies import MessageText, NewMessage
from receipts.api.fields import checked
from receipts.api.limits import STOP_AT
from receipts.gateways.frame import id_in_address
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.paging import PAGE_PARAMETERS, PageRequest
from receipts.gateways.socialplus.shapes import FeedMessageRow, message_listing
from receipts.reads.messages import rows_of, visible_row
from receipts.sql.keyset import BY_TIME

#: The fields of a new message; others are refused, because they would be lost silently.
_FIELDS = {"messageFeedId", "dataType", "data", "referenceId"}
#: Those of an edit.
_EDITED_FIELDS = {"data"}


class MessagesView(SocialPlusView):
    """The messages of one feed."""

    query_parameters = PAGE_PARAMETERS | {"messageFeedId", "isDeleted"}

    def page(self, request: Request) -> Response:
        """A page of a feed, newest first by default."""
        feed = self.conversation_named(request.query_params.get("messageFeedId", ""))
        rows = rows_of(Message.objects.filter(conversation=feed), FeedMessageRow)
        deleted = request.query_params.get("isDeleted")
        if deleted not in (None, "true", "false"):
            raise ValidationError({"isDeleted": ["Is true or false."]})
        if deleted is not None:
            rows = rows.filter(deleted_at__isnull=deleted == "false")
        found, tokens = PageRequest.of(request.query_params, newest_first=True).page(rows, BY_TIME)
        return Response({**message_listing(found, self.user), "paging": tokens})

    def send(self, request: Request) -> Response:
        """Send a message; the same ``referenceId`` again answers with the same message."""
        body = self.body
        feed = self.conversation_named(str(body.get("messageFeedId", "")))
        fields = checked(NewMessage, _message_fields(body))
        sender = self._sender()
        sent = services.send_message(conversation_id=feed.pk, sender=sender, **fields)
        return _one_message(self.user, sent.message.pk)

    def _sender(self) -> User:
        """The caller. A service account is refused: it has to name a sender, and cannot here."""
        if self.user.is_service:
            raise ValidationError({"sender": ["Required: a service account must name the sender."]})
        return self.user


class MessageView(SocialPlusView):
    """One message."""

    def show(self, request: Request, pk: str) -> Response:
        """Retrieve a message."""
        return _one_message(self.user, id_in_address(pk))

    def edit(self, request: Request, pk: str) -> Response:
        """Change the text of a message, and return it; its receipts stand."""
        message = visible_row(self.user, id_in_address(pk), FeedMessageRow)
        _refuse_other_fields(self.body, _EDITED_FIELDS)
        fields = checked(MessageText, {"body": _text_of(self.body)})
        services.edit_message(message_id=message["id"], by=self.user, body=fields["body"])
        return _one_message(self.user, message["id"])

    def delete_softly(self, request: Request, pk: str) -> Response:
        """Delete a message, and return what is left of it."""
        message = visible_row(self.user, id_in_address(pk), FeedMessageRow)
        services.delete_message(message_id=message["id"], by=self.user)
        return _one_message(self.user, message["id"])


def _one_message(user: User, pk: int) -> Response:
    message = visible_row(user, pk, FeedMessageRow)
    return Response(message_listing([message], user))


def _message_fields(body: dict[str, Any]) -> dict[str, Any]:
    """A new message in our field names."""
    _refuse_other_fields(body, _FIELDS)
    if body.get("dataType") != "text":
        raise _not_text()
    return {"body": _text_of(body), "client_id": body.get("referenceId")}


def _refuse_other_fields(body: dict[str, Any], known: set[str]) -> None:
    unknown = (name for name in body if name not in known and body[name] is not None)
    if errors := {name: ["Is not kept here."] for name in islice(unknown, STOP_AT)}:
        raise ValidationError(errors)


def _text_of(body: dict[str, Any]) -> Any:
    """The text in a request's ``data``, which holds nothing else."""
    data = body.get("data")
    if not isinstance(data, dict) or set(data) != {"text"}:
        raise _not_text()
    return data["text"]


def _not_text() -> ValidationError:
    return ValidationError({"data": ["Messages are text here: {'text': …}."]})
