"""The base view of all gateways. A vendor adds its authentication and the shape of its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.db.models import F, Q
from django.http import Http404, QueryDict
from rest_framework.exceptions import AuthenticationFailed, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from chat.authentication import BearerAuthentication, note_caller
from chat.callers import Credential, service_account
from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, Scope, ServiceKey, User
from chat.names import PREFIX, reference_in
from chat.sql.compiled import CompiledVariants, instance_of, stored_columns
from receipts.api.base import ScopedAnswers, refuse_unknown_parameters
from receipts.api.rest import JSONParser
from receipts.gateways.refusals import ADDRESS_UNKNOWN, Refusal, refusal_of
from receipts.reads.names import message_ids_of

#: The HTTP methods that an unknown address answers with 404.
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")

#: A message in an address: digits, as many as an id can have, or a name as in the native API.
MESSAGE_ID = rf"(?:[0-9]{{1,19}}|{PREFIX}[^/\x00-\x1e\x7f]+)"


class AnyJSON(JSONParser):
    """Parses JSON whatever the content type is: several clients send none, or that of a form."""

    media_type = "*/*"


class GatewayView(ScopedAnswers, ViewSet):
    """A view at a vendor's address. It is not in the OpenAPI schema of the native API."""

    schema: Any = None
    authentication_classes: Any = [BearerAuthentication]
    parser_classes = [AnyJSON]
    #: The scope that a service key needs for anything but reading.
    scope = Scope.WRITE
    #: Whether a write needs ``read`` as well. A vendor's shapes cannot be cut down, so a write
    #: that answers with data does.
    answers_reads = True
    #: The known query parameters; others are refused. None accepts any.
    query_parameters: frozenset[str] | None = frozenset()

    def refused(self, refusal: Refusal) -> Response:
        """The vendor's answer to an error: the only place where its error body is made."""
        raise NotImplementedError

    def get_exception_handler(self) -> Callable[..., Response]:
        return lambda error, context: self.refused(refusal_of(error, context))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        is_served = str(request.method).lower() in self.action_map  # otherwise the answer is 405
        if is_served and self.query_parameters is not None:
            refuse_unknown_parameters(request.query_params, self.query_parameters)

    @property
    def user(self) -> User:
        """The caller."""
        return cast(User, self.request.user)

    @property
    def body(self) -> dict[str, Any]:
        """The request's JSON object; an empty body is an empty object."""
        data = self.request.data
        if isinstance(data, QueryDict):
            return {}
        if not isinstance(data, dict):
            raise self.not_an_object()
        return data

    def not_an_object(self) -> Exception:
        """The error for a body that is JSON but not an object."""
        return ValidationError({"body": ["Must be a JSON object."]})

    def own_username(self) -> str:
        """The username of the caller's token, without a query.

        A service account is refused: it has to name a user, and these calls have no field for one.
        """
        credential = cast(Credential, self.request.auth)
        if credential.scopes is not None:
            required = "Required: a service account must name the user it acts for."
            raise ValidationError({"user": [required]})
        return credential.username

    def conversation_named(self, name: str) -> Conversation:
        """The conversation with this name (``conversation_named``), if the caller can see it."""
        return conversation_named(self.user, name)


def id_in_address(given: str) -> int:
    """The id of the message in an address; 404 for a number that is too large for an id."""
    number = message_id_given(given)
    if number is None:
        raise Http404
    return number


def message_id_given(given: object) -> int | None:
    """The id of a message that is given as its number or as text, where ``ext:`` precedes a name.

    0 for a name that no message has, as for a number; None for anything else.
    """
    return message_ids_given([given])[0]


def message_ids_given(given: Iterable[object]) -> list[int | None]:
    """The same for each of several, in one statement if there are names among them."""
    references = [reference_in(str(each)) if type(each) in (int, str) else None for each in given]
    # PostgreSQL rejects NUL even in a comparison.
    names = [each for each in references if isinstance(each, str) and "\x00" not in each]
    ids = message_ids_of(names)
    return [ids.get(each, 0) if isinstance(each, str) else each for each in references]


def _named(name: str, number: int | None = None, only: int | None = None, **others: str) -> Any:
    named = Q(external_id=name)
    if number is not None:
        named |= Q(pk=number, external_id=None)
    found = Conversation.objects.seen_by(only).filter(named, **others)
    ordered = found.order_by(F("external_id").asc(nulls_last=True))
    return ordered.values(*stored_columns(Conversation))


_CONVERSATION = CompiledVariants(_named, name=str, number=int, only=int, kind=str)


def conversation_named(user: User, name: str, *, kind: str | None = None) -> Conversation:
    """The conversation with this ``external_id``, or with this id and no ``external_id``.

    So no two names lead to one conversation. Raises ``Http404`` if ``user`` cannot see it, or if it
    is not of this ``kind``.
    """
    if "\x00" in name:
        raise Http404
    number = whole_number(name, MAX_ID) or None
    row = _CONVERSATION.first(name=name, number=number, only=user.sees_only, kind=kind)
    if row is None:
        raise Http404
    return instance_of(Conversation, row)


def conversation_name(external_id: str | None, pk: int) -> str:
    """The name of a conversation at a vendor: the inverse of ``conversation_named``."""
    return str(pk) if external_id is None else external_id


def as_service(
    request: Request, secret: str, otherwise: str = "A service key is needed here."
) -> tuple[User, Credential]:
    """The service account of a key. A user's token is refused, with the words ``otherwise``."""
    if not secret.startswith(ServiceKey.PREFIX):
        raise AuthenticationFailed(otherwise, code="key_invalid")
    user, credential = service_account(secret)
    note_caller(request, credential.username)
    return user, credential


def unknown_address(
    view: type[GatewayView], text: str = "There is no such address here.", *, is_open: bool = True
) -> Callable[..., Any]:
    """A view for unknown addresses: 404 in the vendor's error shape.

    If it is open, callers are not authenticated; otherwise a caller without a key is refused first.
    """

    class Unknown(view):  # type: ignore[valid-type, misc]
        if is_open:
            authentication_classes: list[Any] = []
            permission_classes: list[Any] = []
            throttle_classes: list[Any] = []

        def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
            if not is_open:
                super().initial(request, *args, **kwargs)
                self.answer(request)

        def answer(self, request: Request, **parts: str) -> Response:
            raise NotFound(text, code=ADDRESS_UNKNOWN)

    unknown: Callable[..., Any] = Unknown.as_view(dict.fromkeys(METHODS, "answer"))
    return unknown
