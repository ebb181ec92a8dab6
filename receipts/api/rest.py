"""JSON in and out, and the shape of errors: ``{"detail", "code"}``, with more for wrong fields."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, parsers, renderers, status
from rest_framework.response import Response

from chat.errors import Conflict, Invalid, Refused
from receipts.api import field_errors, outages
from receipts.api.limits import limited

#: Levels of lists and objects in a body: far more than any request has, and far fewer than what
#: Python's own recursion can go through.
MAX_DEPTH = 32


class RequestTooLarge(exceptions.APIException):
    """The request is larger than this service accepts."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "request_too_large"
    default_detail = "The request is too large."


class Conflicting(exceptions.APIException):
    """The response to ``Conflict``."""

    status_code = status.HTTP_409_CONFLICT
    default_code = Conflict.code


class BadRequest(exceptions.APIException):
    """The request is malformed."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "bad_request"
    default_detail = "The request is malformed."


class JSONParser(parsers.BaseParser):
    """Reads JSON of a bounded size and depth; invalid JSON or Unicode is a 400."""

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
            data = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"Invalid JSON: {error}.", code="parse_error") from error
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and is_too_deep(data):
            raise exceptions.ParseError(
                f"The JSON is nested deeper than {MAX_DEPTH} levels.", code="parse_error"
            )
        return data


def is_too_deep(data: Any) -> bool:
    """Whether JSON is nested deeper than ``MAX_DEPTH`` levels; checks one level at a time."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            if isinstance(each, list | dict)
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, list | dict)
        ]
        if not level:
            return False
    return True


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
        # The errors of a list are keyed by the positions of the invalid items, which are numbers.
        option = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
        return b"" if data is None else orjson.dumps(data, option=option, default=str)


def as_refusal(error: Exception) -> Exception:
    """REST framework's exception for a domain refusal; any other error unchanged."""
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, Refused):
        return exceptions.PermissionDenied(str(error), code=error.code)
    if isinstance(error, Conflict):
        return Conflicting(str(error))
    if isinstance(error, Invalid):
        return exceptions.ValidationError({error.field: [str(error)]})
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        return RequestTooLarge()
    if isinstance(error, TooManyFieldsSent):
        return BadRequest("The request has too many parameters.")
    if isinstance(error, SuspiciousOperation):
        return BadRequest()
    if (answer := outages.outage(error)) is not None:
        outages.log(answer, error)
        return answer
    return error


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal has a ``detail`` and a ``code``; wrong fields are listed (``field_errors``)."""
    from rest_framework.views import exception_handler as default_handler

    error = as_refusal(error)
    response = default_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    if isinstance(error, exceptions.ValidationError):
        response.data = field_errors.body_of(error.detail, context["request"])
    else:
        response.data = limited(response.data, context["request"])
        response.data["code"] = response.data["detail"].code
    return response


def _refuse(status_code: int, detail: str, code: str) -> Callable[..., HttpResponse]:
    """A view for requests that Django refuses before any view runs, in the same shape."""

    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        return JsonResponse({"detail": detail, "code": code}, status=status_code)

    return view


bad_request = _refuse(400, "The request is malformed.", "bad_request")
not_found = _refuse(404, "No such URL; URLs end with a slash.", "not_found")
_failed = _refuse(500, "Something went wrong here; it is in the log.", "error")


def server_error(request: HttpRequest) -> HttpResponse:
    """The response to an uncaught exception: 503 if the database is unavailable, else 500."""
    # Django calls this while it handles the error, which it has already logged.
    answer = outages.outage(sys.exc_info()[1])
    if answer is None:
        return _failed(request)
    detail, html = str(answer.detail), "text/html"
    response: HttpResponse
    if request.get_preferred_type(["application/json", html]) == html:
        response = HttpResponse(f"<h1>Not available</h1><p>{detail}</p>", status=503)
    else:
        body = {"detail": detail, "code": answer.default_code}
        response = JsonResponse(body, status=503)
    response["Retry-After"] = str(answer.wait)
    return response
