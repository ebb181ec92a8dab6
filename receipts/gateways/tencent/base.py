"""The base view of the Tencent gateway: the admin's secret and the error body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import BearerAuthentication
from chat.callers import Credential
from receipts.gateways.frame import GatewayView, as_service
from receipts.gateways.refusals import ADDRESS_UNKNOWN, Refusal
from receipts.gateways.tencent.errors import ANSWERED_WITH_200, code_of
from receipts.gateways.tencent.reading import known_fields, required_text
from receipts.gateways.tencent.shapes import envelope


class AdminAuthentication(BearerAuthentication):
    """A service key, as ``usersig`` in the address or as ``Authorization: Bearer``.

    At Tencent a signature proves that its ``identifier`` is the app's admin. Here the key itself
    names the service account, so any ``identifier`` is accepted and ignored.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            secret = request.query_params.get("usersig", "")
        return as_service(request, secret.strip())


class TencentView(GatewayView):
    """A command. Every answer is in an envelope, errors too."""

    authentication_classes = [AdminAuthentication]
    # The envelope has no data, and errors are in it with a status of 200.
    told_without_read = frozenset({"ActionStatus", "ErrorInfo", "ErrorCode"})
    query_parameters = frozenset({"sdkappid", "identifier", "usersig", "random", "contenttype"})

    def refused(self, refusal: Refusal) -> Response:
        status = refusal.status
        if status in ANSWERED_WITH_200 and refusal.code != ADDRESS_UNKNOWN:
            status = 200
        code = code_of(refusal)
        body = envelope("FAIL", code, refusal.text)
        return Response(body, status, headers=dict(refusal.headers))

    def fields(self, *required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
        """The body's fields: all the ``required`` ones, and no unknown ones."""
        return known_fields(self.body, required, optional)

    def group_of(self, fields: Mapping[str, Any]) -> int:
        """The id of the conversation that ``GroupId`` names."""
        return self.conversation_named(required_text("GroupId", fields["GroupId"])).pk
