"""Calls as one caller, and refusals as exceptions."""

from __future__ import annotations

from typing import TypeVar

import httpx

from .generated.client import AuthenticatedClient
from .generated.models.error import Error
from .generated.models.field_error import FieldError
from .generated.models.validation_error import ValidationError
from .generated.types import Response

T = TypeVar("T")


class Refused(Exception):
    """Seenby refused a request, or could not answer it.

    ``code`` is for programs (``not_found``, ``conflict``, ``throttled``, …); ``errors`` lists wrong
    fields. ``retry_after`` is how many seconds to wait before the same request may succeed; None if
    waiting does not help.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[FieldError],
        retry_after: int | None,
    ) -> None:
        lines = [f"{each.field}: {each.detail} ({each.code})" for each in errors]
        super().__init__(f"{status} {code}: {' '.join(lines) or detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after


def connect(url: str, token: str, *, timeout: float = 10.0) -> AuthenticatedClient:
    """A client for the functions of ``generated.api``.

    ``url`` is where Seenby is, without ``/api/v1``; ``token`` a user's token or a service key.
    Use it as a context manager, or let it live as long as your process; it keeps connections open.
    """
    return AuthenticatedClient(
        base_url=url.rstrip("/"), token=token, timeout=httpx.Timeout(timeout)
    )


def ok(response: Response[Error | ValidationError | T]) -> T:
    """The answer to a ``sync_detailed`` or ``asyncio_detailed`` function; raises ``Refused``."""
    answer = response.parsed
    if 200 <= response.status_code < 300 and not isinstance(answer, Error | ValidationError):
        return answer  # type: ignore[return-value]  # None is what a 204 has
    raise refusal(int(response.status_code), answer, response.headers.get("Retry-After"))


def refusal(status: int, answer: object, retry_after: str | None) -> Refused:
    """The exception for an answer that is no success."""
    wait = int(retry_after) if retry_after and retry_after.isdecimal() else None
    if isinstance(answer, Error | ValidationError):
        errors = answer.errors if isinstance(answer, ValidationError) else []
        return Refused(status, answer.code, answer.detail, errors, wait)
    return Refused(status, "error", "The answer is not Seenby's.", [], wait)
