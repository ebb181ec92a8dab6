"""What the gateways share: native views with a vendor's authentication, errors and ids."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.http import Http404, QueryDict
from rest_framework.exceptions import AuthenticationFailed, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import BearerAuthentication, Credential, service_account
from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, ServiceKey, User
from receipts.api.base import ApiViewSet
from receipts.api.rest import JSONParser, exception_handler

logger = logging.getLogger(__name__)

#: Every method that an address can be asked with.
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")

#: The code of a refusal for an address, told apart from a thing that is not there.
ADDRESS_UNKNOWN = "address_unknown"

#: The id of a message in an address: digits, as many as an id can have.
ID = "[0-9]{1,19}"

#: Where Unix time begins.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(time: datetime) -> int:
    """Unix milliseconds, rounded down: what times are at most vendors."""
    return (time - EPOCH) // MILLISECOND


@dataclass(frozen=True)
class Refusal:
    """What the native API answers where it refuses: its status, code and words."""

    status: int
    code: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal_of(error: Exception, context: dict[str, Any]) -> Refusal:
    """The native refusal of ``error``; what nobody expected is logged and a 500."""
    answer = exception_handler(error, context)
    if answer is None:
        logger.exception("A gateway's request failed.", exc_info=error)
        return Refusal(500, "error", "Something went wrong here; it is in the log.")
    data = answer.data
    headers = {name: answer[name] for name in ("Retry-After", "Allow") if name in answer}
    if isinstance(data, dict) and "code" in data and "detail" in data:
        return Refusal(answer.status_code, data["code"], str(data["detail"]), headers)
    return Refusal(answer.status_code, "invalid", " ".join(_sentences(data)), headers)


def _sentences(errors: Any, name: str = "") -> Iterator[str]:
    """Field errors as sentences, each with its field."""
    if isinstance(errors, dict):
        for each, reasons in errors.items():
            yield from _sentences(reasons, f"{name}.{each}" if name else str(each))
    elif isinstance(errors, list):
        for reason in errors:
            yield from _sentences(reason, name)
    else:
        yield f"{name}: {errors}" if name and name != "non_field_errors" else str(errors)


class AnyJSON(JSONParser):
    """JSON whatever its content type says: several clients send none, or a form's."""

    media_type = "*/*"


class GatewayView(ApiViewSet):
    """A native view behind a vendor's address. It stands in no schema: the vendor wrote that."""

    schema: Any = None
    authentication_classes = [BearerAuthentication]
    parser_classes = [AnyJSON]
    # A vendor's shapes cannot be cut down, so a write that answers with data needs ``read``.
    answers_reads = True

    def refused(self, refusal: Refusal) -> Response:
        """The vendor's own words for a refusal."""
        raise NotImplementedError

    def get_exception_handler(self) -> Callable[..., Response]:
        return lambda error, context: self.refused(refusal_of(error, context))

    def body(self) -> dict[str, Any]:
        """The request's JSON object; nothing at all is an empty one."""
        data = self.request.data
        if isinstance(data, QueryDict):
            return {}
        if not isinstance(data, dict):
            raise ValidationError({"body": ["Must be a JSON object."]})
        return data

    def conversation_named(self, name: str) -> Conversation:
        """The conversation that another system calls so, or that has this id here.

        Its ``external_id`` is its name for other systems; only one without such a name goes by
        its id, so that no two names lead to one conversation.
        """
        if "\x00" in name:
            raise Http404
        named = Q(external_id=name)
        if number := whole_number(name, MAX_ID):
            named |= Q(pk=number, external_id=None)
        found = Conversation.objects.visible_to(self.user).filter(named)
        conversation = found.order_by(F("external_id").asc(nulls_last=True)).first()
        if conversation is None:
            raise Http404
        return conversation


def id_of(digits: str) -> int:
    """The id in an address; a number that is too large for one is that of nothing."""
    number = whole_number(digits, MAX_ID)
    if number is None:
        raise Http404
    return number


def name_of(external_id: str | None, pk: int) -> str:
    """What other systems call a conversation; the way back of ``conversation_named``."""
    return str(pk) if external_id is None else external_id


def as_service(
    request: Request, secret: str, otherwise: str = "A service key is needed here."
) -> tuple[User, Credential]:
    """The service account of a key; a user's token is none, whatever it is valid for."""
    if not secret.startswith(ServiceKey.PREFIX):
        raise AuthenticationFailed(otherwise, code="key_invalid")
    user, credential = service_account(secret)
    request._request.caller_name = credential.username  # type: ignore[attr-defined]
    return user, credential


def unknown_address(view: type[GatewayView]) -> Callable[..., Any]:
    """A view for addresses that a gateway does not have: 404, in its vendor's shape."""

    class Unknown(view):  # type: ignore[valid-type, misc]
        authentication_classes: list[Any] = []
        permission_classes: list[Any] = []
        throttle_classes: list[Any] = []

        def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
            """Nothing is asked of who comes here."""

        def answer(self, request: Request, **parts: str) -> Response:
            raise NotFound("There is no such address here.", code=ADDRESS_UNKNOWN)

    as_view: Callable[..., Callable[..., Any]] = Unknown.as_view
    return as_view(dict.fromkeys(METHODS, "answer"))
