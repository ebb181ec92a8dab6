"""What all calls share: who may call, what is read of a request, and the way to an object."""

from __future__ import annotations

from typing import Any, cast

from django.http import QueryDict
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, Message, Scope, User
from receipts.gateways.sendbird.authentication import ApiTokenAuthentication
from receipts.gateways.sendbird.errors import (
    Code,
    SendbirdError,
    UnknownAddress,
    exception_handler,
    not_found,
)
from receipts.gateways.sendbird.reading import Asked, Given
from receipts.reads.selectors import MESSAGE_COLUMNS
from receipts.rules.rows import MessageRow

#: How a conversation is called that has no id in another system: this and its number.
OWN_URL = "seenby_"


class AlwaysJson(BaseContentNegotiation):
    """Whatever a client says that it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        sent = request.content_type or "application/json"
        return parsers[0] if sent.startswith("application/json") else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class GatewayView(APIView):
    """Base of the calls. None of them stands in the schema of the native API."""

    authentication_classes = [ApiTokenAuthentication]
    content_negotiation_class = AlwaysJson
    scope = Scope.WRITE
    # A vendor's shapes cannot be cut down, so a write that answers with data needs ``read``.
    answers_reads = True
    schema = None

    def get_exception_handler(self) -> Any:
        return exception_handler

    @property
    def body(self) -> Given:
        """The body's fields; an empty body has none."""
        data = self.request.data
        if isinstance(data, QueryDict):
            data = {}
        if not isinstance(data, dict):
            raise SendbirdError(Code.NOT_JSON, "The body must be a JSON object.")
        return Given(data)

    @property
    def asked(self) -> Asked:
        """The query's parameters."""
        return Asked(self.request.query_params.dict())

    @property
    def caller(self) -> User:
        """The application's backend."""
        return cast(User, self.request.user)


class Unknown(GatewayView):
    """An address that nothing stands at."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise UnknownAddress


def url_of(conversation: Conversation) -> str:
    """Its id in another system, where it has one."""
    return conversation.external_id or f"{OWN_URL}{conversation.pk}"


def channel(url: str) -> Conversation:
    """The conversation that a channel's url names."""
    found = Conversation.objects.filter(external_id=url).first()
    if found is None and (number := own_number(url)) is not None:
        found = Conversation.objects.filter(pk=number, external_id=None).first()
    if found is None:
        raise not_found("Channel")
    return found


def own_number(url: str) -> int | None:
    """The conversation's number in a url of our own making."""
    return whole_number(url.removeprefix(OWN_URL), MAX_ID) if url.startswith(OWN_URL) else None


def person(username: str) -> User:
    """The user of this name, whether or not the account is switched on."""
    found = User.objects.filter(username=username).first()
    if found is None:
        raise not_found("User")
    return found


def people(usernames: list[str]) -> list[User]:
    """The users of these names, in one query; each has to be there and active."""
    users = {user.username: user for user in User.objects.filter(username__in=usernames)}
    if any(name not in users for name in usernames):
        raise not_found("User")
    if not all(user.is_active for user in users.values()):
        raise SendbirdError(Code.DEACTIVATED, "The user is deactivated.")
    return [users[name] for name in usernames]


class SenderMessageRow(MessageRow):
    """A message, with its sender's picture."""

    sender__avatar_url: str


def message_in(conversation: Conversation, message_id: int) -> SenderMessageRow:
    """One message of a channel."""
    row = Message.objects.filter(conversation=conversation, pk=message_id)
    found = row.values(*MESSAGE_COLUMNS, "sender__avatar_url").first()
    if found is None:
        raise not_found("Message")
    return cast(SenderMessageRow, found)
