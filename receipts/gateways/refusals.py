"""Errors of a gateway's views as one small type, from which a vendor's error body is made."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework.exceptions import ValidationError

from receipts.api.field_errors import WHOLE, by_field, leaves
from receipts.api.limits import limited
from receipts.api.rest import as_refusal, exception_handler

logger = logging.getLogger("seenby.gateways")

#: The code of a 404 for an unknown address, as opposed to an object that does not exist.
ADDRESS_UNKNOWN = "address_unknown"


@dataclass(frozen=True)
class FieldError:
    """One field error. ``field`` is empty for an error of the whole request."""

    field: str
    reason: str
    text: str


@dataclass(frozen=True)
class Refusal:
    """What the native API answers to an error: its HTTP status, code and text.

    ``code`` is a vendor's own where the view raised one. ``first`` is the first field error, if
    fields are wrong; ``text`` then lists all of them.
    """

    status: int
    code: str | int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    first: FieldError | None = None


def refusal_of(error: Exception, context: dict[str, Any]) -> Refusal:
    """The native answer to ``error``; an unexpected error is logged and becomes a 500."""
    error = as_refusal(error)
    answer = exception_handler(error, context)
    if answer is None:
        logger.error("A gateway's request failed.", exc_info=error)
        return Refusal(500, "error", "Something went wrong here; it is in the log.")
    data, status = answer.data, answer.status_code
    headers = {name: answer[name] for name in ("Retry-After", "Allow") if name in answer}
    if isinstance(error, ValidationError):
        text = " ".join(_sentences(limited(by_field(error.detail), context["request"])))
        return Refusal(status, "invalid", text, headers, _first_error(error.detail))
    return Refusal(status, data["code"], str(data["detail"]), headers)


def _sentences(errors: Any) -> Iterator[str]:
    """Each field error as a sentence that names its field."""
    for path, reason in leaves(errors):
        name = ".".join(path)
        yield f"{name}: {reason}" if name and name != WHOLE else str(reason)


def _first_error(detail: Any) -> FieldError | None:
    """The first error, with the innermost field that it is in."""
    for path, reason in leaves(detail):
        return FieldError(path[-1] if path else "", str(reason.code), str(reason))
    return None
