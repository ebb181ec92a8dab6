"""The base view of the Sendbird gateway: its authentication, negotiation and error body."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from chat.callers import Credential
from receipts.api.limits import cut
from receipts.gateways.frame import GatewayView, as_service
from receipts.gateways.refusals import Refusal
from receipts.gateways.sendbird.errors import (
    SendbirdCode,
    SendbirdError,
    code_and_text,
    retry_headers,
    status_of,
)
from receipts.gateways.sendbird.reading import BodyFields, QueryFields


class ApiTokenAuthentication(BaseAuthentication):
    """``Api-Token``: a service key, which acts for any user. A user's token is refused.

    A request without a key is refused here: one of the SDKs sends calls without a token.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential]:
        key = request.headers.get("Api-Token", "")
        return as_service(request, key, "The Api-Token header holds no service key.")


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON whatever a client accepts; reads JSON, also if no content type is given."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        sent = request.content_type or "application/json"
        return parsers[0] if sent.startswith("application/json") else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class SendbirdView(GatewayView):
    """One address. Its methods are those of HTTP: ``get``, ``post``, ``put``, ``delete``."""

    authentication_classes = [ApiTokenAuthentication]
    content_negotiation_class = AlwaysJSON
    # A view with ``answers_reads = False`` answers with what the request itself wrote, or nothing.
    told_without_read = None
    query_parameters = None

    def refused(self, refusal: Refusal) -> Response:
        code, text = code_and_text(refusal)
        body = {"error": True, "code": code.value, "message": cut(text)}
        return Response(body, status_of(refusal, code), headers=retry_headers(refusal))

    def not_an_object(self) -> Exception:
        return SendbirdError(SendbirdCode.NOT_JSON, "The body must be a JSON object.")

    @property
    def fields(self) -> BodyFields:
        """The body's fields; an empty body has none."""
        return BodyFields(self.body)

    @property
    def query(self) -> QueryFields:
        """The query's parameters."""
        return QueryFields(self.request.query_params.dict())
