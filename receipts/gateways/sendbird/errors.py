"""Every refusal in Sendbird's shape: ``{"error": true, "code": 400201, "message": "…"}``.

HTTP 400 for whatever the caller can mend, also what is not found or there already; 404 for an
address that is not there; 429 for too many requests; 500 for what went wrong here, and 503 while
the database is away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from receipts.api.limits import cut
from receipts.api.outages import Unavailable
from receipts.api.rest import BadRequest, Conflicting, RequestTooLarge, as_refusal

logger = logging.getLogger("seenby.gateways")


class Code(IntEnum):
    """The codes of the vendor's table that we have a use for."""

    NOT_TEXT = 400100
    NOT_NUMBER = 400101
    NOT_LIST = 400102
    NOT_JSON = 400103
    NOT_BOOLEAN = 400104
    MISSING = 400105
    NEGATIVE = 400106
    NOT_AUTHORISED = 400108
    BAD_TOKEN = 400109
    TOO_LONG = 400110
    INVALID = 400111
    OUT_OF_RANGE = 400113
    BAD_URL = 400114
    ILLEGAL_CHARACTER = 400151
    NOT_FOUND = 400201
    EXISTS = 400202
    DEACTIVATED = 400300
    INTERNAL = 500901
    TOO_MANY_REQUESTS = 500910


class SendbirdError(Exception):
    """A refusal that has no like in the native API, or says more than it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnknownAddress(SendbirdError):
    """Not a thing that is not there, but an address that this gateway does not have."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self) -> None:
        super().__init__(Code.BAD_URL, "There is nothing at this address.")


def not_found(what: str) -> SendbirdError:
    """As the vendor words it."""
    return SendbirdError(Code.NOT_FOUND, f'"{what}" not found.')


#: What our own refusals are called there; the first line that fits.
_CODES: tuple[tuple[Any, Code], ...] = (
    (exceptions.Throttled, Code.TOO_MANY_REQUESTS),
    (exceptions.PermissionDenied, Code.NOT_AUTHORISED),
    ((exceptions.AuthenticationFailed, exceptions.NotAuthenticated), Code.NOT_AUTHORISED),
    (exceptions.NotFound, Code.NOT_FOUND),
    (exceptions.MethodNotAllowed, Code.BAD_URL),
    ((exceptions.ParseError, exceptions.UnsupportedMediaType), Code.NOT_JSON),
    (RequestTooLarge, Code.TOO_LONG),
    (BadRequest, Code.INVALID),
    (Conflicting, Code.EXISTS),
    (Unavailable, Code.INTERNAL),
)
#: Of the native API's field errors, by the field and by what is wrong with it.
_FIELDS = {"limit": Code.OUT_OF_RANGE, "cursor": Code.BAD_TOKEN}
_REASONS = {"required": Code.MISSING, "max_length": Code.TOO_LONG}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """The vendor's answer to whatever went wrong, which a caller may know of or which is logged."""
    set_rollback()
    error = as_refusal(error)
    code, message = _told(error)
    response = Response(
        {"error": True, "code": code.value, "message": cut(message)},
        status=_status(error, code),
    )
    if response.status_code == status.HTTP_500_INTERNAL_SERVER_ERROR:
        logger.error("A gateway failed", exc_info=error)
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _status(error: Exception, code: Code) -> int:
    if isinstance(error, UnknownAddress | Unavailable):
        return error.status_code
    return _STATUSES.get(code, status.HTTP_400_BAD_REQUEST)


_STATUSES = {
    Code.INTERNAL: status.HTTP_500_INTERNAL_SERVER_ERROR,
    Code.TOO_MANY_REQUESTS: status.HTTP_429_TOO_MANY_REQUESTS,
}


def _told(error: Exception) -> tuple[Code, str]:
    if isinstance(error, SendbirdError):
        return error.code, str(error)
    if isinstance(error, exceptions.ValidationError):
        return _of_fields(error.detail)
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code, str(getattr(error, "detail", error)) or "Not found."
    return Code.INTERNAL, "Something went wrong here; it is in the log."


def _of_fields(detail: Any) -> tuple[Code, str]:
    """The first of the native API's field errors."""
    field = ""
    while not isinstance(detail, exceptions.ErrorDetail):
        if isinstance(detail, Mapping):
            field, detail = next(iter(detail.items()))
        else:
            detail = detail[0]
    code = _FIELDS.get(str(field)) or _REASONS.get(str(detail.code)) or Code.INVALID
    return code, f'"{field}": {detail}' if field else str(detail)
