"""What its commands share: the admin's secret, the envelope of every answer, and its codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import BearerAuthentication, Credential
from chat.ids import MAX_ID
from chat.models import Message, Tracking
from receipts.api.limits import STOP_AT
from receipts.gateways.translating import ADDRESS_UNKNOWN, GatewayView, Refusal, as_service
from receipts.reads.selectors import message_rows
from receipts.rules.rows import MessageRow

#: Its codes, by our statuses.
CODES = {400: 10004, 401: 70003, 403: 10007, 404: 10010, 429: 60007, 500: 10002, 503: 10002}
UNKNOWN_COMMAND = 10003
#: Of one message: the group has too many members, or no receipt was asked for.
TOO_MANY, NO_RECEIPT = 10060, 10062
#: It answers these with an HTTP status of 200, as anything else that a command says.
_SAID_IN_THE_ENVELOPE = {400, 401, 403, 404, 429}


class AdminAuthentication(BearerAuthentication):
    """``usersig`` in the address, or ``Authorization: Bearer``: a service key, either way.

    There a signature says that its ``identifier`` is the app's admin. Here the key itself names
    the service account, so ``identifier`` is as good as any, and left as it was.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            secret = request.query_params.get("usersig", "")
        return as_service(request, secret.strip())


class TencentView(GatewayView):
    """A command. What it answers stands in its envelope, refusals too."""

    authentication_classes = [AdminAuthentication]
    # The envelope holds no data, and refusals come in it with a status of 200.
    told_without_read = frozenset({"ActionStatus", "ErrorInfo", "ErrorCode"})
    query_parameters = frozenset({"sdkappid", "identifier", "usersig", "random", "contenttype"})

    def refused(self, refusal: Refusal) -> Response:
        unknown = refusal.code == ADDRESS_UNKNOWN
        code = UNKNOWN_COMMAND if unknown else CODES.get(refusal.status, CODES[400])
        said = refusal.status in _SAID_IN_THE_ENVELOPE and not unknown
        body = envelope("FAIL", code, refusal.text)
        return Response(body, 200 if said else refusal.status, headers=dict(refusal.headers))

    def fields(self, *required: str, optional: Iterable[str] = ()) -> dict[str, Any]:
        """The body's fields; every one of ``required`` is there, and nothing unknown."""
        body = self.body()
        known = {*required, *optional}
        unknown = islice((name for name in body if name not in known), STOP_AT)
        wrong = {name: ["Unknown field."] for name in unknown}
        wrong |= {name: ["Is required."] for name in required if name not in body}
        if wrong:
            raise ValidationError(wrong)
        return body

    def group_of(self, fields: Mapping[str, Any]) -> int:
        """The conversation that ``GroupId`` names."""
        return self.conversation_named(text("GroupId", fields["GroupId"])).pk


def envelope(status: str = "OK", code: int = 0, info: str = "", **answer: Any) -> dict[str, Any]:
    """An answer in its shape."""
    return {"ActionStatus": status, "ErrorInfo": info, "ErrorCode": code, **answer}


def text(name: str, value: Any) -> str:
    """Text that is there."""
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ValidationError({name: ["Must be text."]})
    return value


def number(name: str, value: Any, largest: int, *, least: int = 1) -> int:
    """A whole number within bounds."""
    if type(value) is not int or not least <= value <= largest:
        raise ValidationError({name: [f"Must be a whole number from {least} to {largest}."]})
    return value


def sequences(value: Any, most: int) -> list[int]:
    """``MsgSeqList``: up to so many messages."""
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise ValidationError({"MsgSeqList": [f"Must be a list of 1 to {most} messages."]})
    if not all(isinstance(each, dict) and set(each) == {"MsgSeq"} for each in value):
        raise ValidationError({"MsgSeqList": ["Each must be an object with a MsgSeq."]})
    return [number("MsgSeq", each["MsgSeq"], MAX_ID) for each in value]


def messages_of(group: int, ids: Iterable[int]) -> dict[int, MessageRow]:
    """Those of a group's messages that are there, by their ids."""
    rows = Message.objects.filter(conversation_id=group, pk__in=list(ids))
    return {row["id"]: row for row in message_rows(rows)}


def code_of(message: MessageRow | None, disclosed: bool) -> int:
    """Whether a message has receipts to tell of, and why not."""
    if message is not None and message["tracking"] == Tracking.TOO_MANY_RECIPIENTS:
        return TOO_MANY
    tracked = message is not None and message["tracking"] == Tracking.TRACKED
    return 0 if tracked and disclosed else NO_RECEIPT
