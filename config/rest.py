"""JSON in and out, and one shape for every error: ``{"detail", "code"}`` or field errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, parsers, renderers, status
from rest_framework.response import Response

from chat.errors import Conflict, Invalid, Refused


class RequestTooLarge(exceptions.APIException):
    """The request is larger than this service reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "request_too_large"
    default_detail = "The request is too large."


class Conflicting(exceptions.APIException):
    """The answer to ``Conflict``."""

    status_code = status.HTTP_409_CONFLICT
    default_code = Conflict.code


class JSONParser(parsers.BaseParser):
    """Reads JSON of a bounded size; broken JSON and broken Unicode are a 400."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.MAX_REQUEST_BYTES
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestTooLarge(f"The request is larger than {limit} bytes.")
        if not raw.strip():
            return {}
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"Broken JSON: {error}.", code="parse_error") from error


class JSONRenderer(renderers.BaseRenderer):
    """Writes JSON; times in UTC with a ``Z``."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        # The errors of a list come under the positions of what is wrong, which are numbers.
        option = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
        return b"" if data is None else orjson.dumps(data, option=option, default=str)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal says what and, for programs, a ``code``; field errors name their field."""
    from rest_framework.views import exception_handler as default_handler

    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, Refused):
        error = exceptions.PermissionDenied(str(error), code=error.code)
    elif isinstance(error, Conflict):
        error = Conflicting(str(error))
    elif isinstance(error, Invalid):
        error = exceptions.ValidationError({error.field: [str(error)]})
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = default_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    if isinstance(error, exceptions.ValidationError) and isinstance(response.data, list):
        response.data = {"non_field_errors": response.data}
    detail = response.data.get("detail") if isinstance(response.data, dict) else None
    if isinstance(detail, exceptions.ErrorDetail):
        response.data["code"] = detail.code
    return response


def _refuse(status_code: int, detail: str, code: str) -> Callable[..., HttpResponse]:
    """A view for what Django refuses before a view of ours is reached, in the same shape."""

    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        return JsonResponse({"detail": detail, "code": code}, status=status_code)

    return view


bad_request = _refuse(400, "The request is malformed.", "bad_request")
not_found = _refuse(404, "No such address; addresses end in a slash.", "not_found")
server_error = _refuse(500, "Something went wrong here; it is in the log.", "error")
