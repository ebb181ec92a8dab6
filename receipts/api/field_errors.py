"""The body of a 400 for wrong fields: every error with its field, a code and a text.

``detail`` is the first of them as a sentence. The texts stand by field, too, beside ``detail``,
``code`` and ``errors``, whose names no field of the API has. (An unknown field may have one of
them; its error is in ``errors`` alone.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from receipts.api.limits import limited

CODE = "invalid"
#: The name of what concerns no single field.
WHOLE = "non_field_errors"

#: Bytes of the body without its errors.
_HEAD_BYTES = 50
#: Bytes of one error besides its field, code and text.
_ENTRY_BYTES = 30


def leaves(errors: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each single error, with the names of the fields that it is in, the outermost first."""
    if isinstance(errors, Mapping):
        for name, each in errors.items():
            yield from leaves(each, (*path, str(name)))
    elif isinstance(errors, list | tuple):
        for each in errors:
            yield from leaves(each, path)
    else:
        yield path, errors


def by_field(errors: Any) -> dict[Any, Any]:
    """``ValidationError.detail``, also of an error that concerns no single field."""
    return errors if isinstance(errors, dict) else {WHOLE: errors}


def body_of(errors: Any, request: Any) -> dict[str, Any]:
    """The answer to ``ValidationError.detail``, within the limits of an answer's size."""
    kept = limited(by_field(errors), request, head=_HEAD_BYTES, entry=_ENTRY_BYTES)
    listed = [
        {"field": ".".join(path), "code": each.code, "detail": str(each)}
        for path, each in leaves(kept)
    ]
    body = {"detail": _sentence(listed), "code": CODE, "errors": listed}
    return body | {name: each for name, each in kept.items() if name not in body}


def _sentence(listed: list[dict[str, str]]) -> str:
    """The first error with its field, for a client that shows nothing but ``detail``."""
    if not listed:
        return "The request is invalid."
    field, text = listed[0]["field"], listed[0]["detail"]
    return text if field == WHOLE else f"{field}: {text}"
