"""Sendbird's error codes: ``{"error": true, "code": 400201, "message": "…"}``.

HTTP 400 for anything that the caller can correct, including an object that does not exist or
already exists; 404 for an unknown address; 429 for too many requests; 500 for a failure here, and
503 while the database is not available.
"""

from __future__ import annotations

from enum import IntEnum

from rest_framework import status
from rest_framework.exceptions import APIException

from receipts.gateways.refusals import ADDRESS_UNKNOWN, Refusal


class SendbirdCode(IntEnum):
    """The codes of the vendor's table that are used here."""

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


class SendbirdError(APIException):
    """An error that the native API does not have, or has a less exact code for."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, code: SendbirdCode, message: str) -> None:
        # REST framework keeps a code as it is; ``Refusal.code`` is then this member.
        super().__init__(message, code)  # type: ignore[arg-type]


def missing_object(kind: str) -> SendbirdError:
    """There is no such channel, user or message, in the vendor's words."""
    return SendbirdError(SendbirdCode.NOT_FOUND, f'"{kind}" not found.')


#: By our error code, then by our HTTP status.
_BY_CODE = {
    ADDRESS_UNKNOWN: SendbirdCode.BAD_URL,
    "parse_error": SendbirdCode.NOT_JSON,
    "bad_request": SendbirdCode.INVALID,
}
_BY_STATUS = {
    401: SendbirdCode.NOT_AUTHORISED,
    403: SendbirdCode.NOT_AUTHORISED,
    404: SendbirdCode.NOT_FOUND,
    405: SendbirdCode.BAD_URL,
    409: SendbirdCode.EXISTS,
    413: SendbirdCode.TOO_LONG,
    415: SendbirdCode.NOT_JSON,
    429: SendbirdCode.TOO_MANY_REQUESTS,
}
#: Of a field error of the native API: by its field, then by its reason.
_BY_FIELD = {"limit": SendbirdCode.OUT_OF_RANGE, "token": SendbirdCode.BAD_TOKEN}
_BY_REASON = {"required": SendbirdCode.MISSING, "max_length": SendbirdCode.TOO_LONG}


def code_and_text(refusal: Refusal) -> tuple[SendbirdCode, str]:
    """The vendor's code and the message; of several field errors the first."""
    if isinstance(refusal.code, SendbirdCode):
        return refusal.code, refusal.text
    if first := refusal.first:
        code = _BY_FIELD.get(first.field) or _BY_REASON.get(first.reason) or SendbirdCode.INVALID
        return code, f'"{first.field}": {first.text}' if first.field else first.text
    by_status = _BY_STATUS.get(refusal.status, SendbirdCode.INTERNAL)
    return _BY_CODE.get(str(refusal.code), by_status), refusal.text


def status_of(refusal: Refusal, code: SendbirdCode) -> int:
    """The HTTP status of an error."""
    if refusal.code == ADDRESS_UNKNOWN:
        return status.HTTP_404_NOT_FOUND
    if code in (SendbirdCode.INTERNAL, SendbirdCode.TOO_MANY_REQUESTS):
        return refusal.status
    return status.HTTP_400_BAD_REQUEST


def retry_headers(refusal: Refusal) -> dict[str, str]:
    """``Retry-After``, one second later than in the native API; no other header."""
    wait = refusal.headers.get("Retry-After")
    return {} if wait is None else {"Retry-After": str(int(wait) + 1)}
