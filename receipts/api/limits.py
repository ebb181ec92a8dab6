"""Limits the size of the response to a bad request, to little more than the request's size.

An error may repeat what was sent, once for each of a million items. So at most 20 errors are
listed, each cut to 200 characters, and together they take at most 1,000 bytes more than the
request; 2,500 where each is listed twice, as in the native API. (A batch of marks returns 200, with
a result for each item, of at most 25 bytes, in addition to those 20 errors.)
"""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework.exceptions import ErrorDetail

MAX_ERRORS = 20
#: Collecting stops at one error more than are listed, which shows that there are more.
STOP_AT = MAX_ERRORS + 1
#: Characters of one name or reason.
LONGEST_TEXT = 200
#: Bytes that the errors may take beyond the request's own.
ALLOWANCE = 1_000
#: The same of an answer that lists each error a second time, with its path and a code.
LISTED_ALLOWANCE = 2_500
MORE = f"Only some of the errors are listed, at most {MAX_ERRORS}."


def cut(text: str) -> str:
    """The text, or its beginning."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def size_of(request: Any) -> int:
    """Bytes of a request's address and body."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    body = int(length) if length.isdecimal() and len(length) < 10 else 0
    return body + len(request.META.get("QUERY_STRING", "")) + len(request.path)


def limited(errors: Any, request: Any, *, head: int = 0, entry: int = 0) -> Any:
    """Field errors within the limits, with a note if some were omitted.

    ``head`` is how many bytes the answer has besides them. If it lists each error a second time,
    with its path and code, ``entry`` is how many bytes that takes besides these and the text.
    """
    allowance = LISTED_ALLOWANCE if entry else ALLOWANCE
    listing = _Listing(size_of(request) + allowance - head, entry)
    kept = listing.of(errors)
    if listing.full and isinstance(kept, dict):
        kept["non_field_errors"] = [*kept.get("non_field_errors", ()), ErrorDetail(MORE, "more")]
    return kept


class _Listing:
    """Errors until there are too many of them; the first one is always listed."""

    def __init__(self, room: int, entry: int) -> None:
        self.room, self.entry, self.count, self.full = room, entry, 0, False

    def of(self, errors: Any, path: int = 0) -> Any:
        """``errors``, as far as there is room; ``path`` is the bytes of the names around them."""
        if isinstance(errors, dict):
            kept: dict[Any, Any] = {}
            for name, each in errors.items():
                if (reasons := self._below(name, each, path)) or not each:
                    kept[cut(name) if isinstance(name, str) else name] = reasons
                if self.full:
                    break
            return kept
        if isinstance(errors, list | tuple):
            found = []
            for each in errors:
                if reason := self.of(each, path):
                    found.append(reason)
                if self.full:
                    break
            return found
        return self._reason(errors, path)

    def _below(self, name: Any, errors: Any, path: int) -> Any:
        size = _bytes(cut(str(name)))
        self.room -= size
        return self.of(errors, path + size)

    def _reason(self, given: Any, path: int) -> Any:
        text = cut(str(given))
        size = _bytes(text)
        self.room -= size
        if self.entry:
            again = 1 if self.count else 2  # the first is the sentence of the whole answer, too
            code = str(getattr(given, "code", ""))
            self.room -= again * (size + path) + len(code) + self.entry
        self.full = self.count >= MAX_ERRORS or (self.count > 0 and self.room < 0)
        if self.full:
            return None
        self.count += 1
        return ErrorDetail(text, getattr(given, "code", None))


def _bytes(text: str) -> int:
    """Its size in JSON, with the surrounding punctuation."""
    return len(orjson.dumps(text)) + 4
