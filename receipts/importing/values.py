"""Checks of single field values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError

from receipts.rules.failures import kept_reason

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
#: In seconds, the year 5138; in milliseconds, 1973.
_MILLISECONDS = 100_000_000_000


class BadRecord(Exception):
    """A line that cannot be imported; the message states why."""


def text_value(value: Any) -> str:
    """Any text that the database can store."""
    if not isinstance(value, str):
        raise BadRecord("must be text")
    if "\x00" in value:
        raise BadRecord("may not contain NUL characters")
    return value


def identity(validators: Collection[Callable[[str], None]]) -> Callable[[Any], str]:
    """An id, checked by the validators of the column that stores it."""

    @lru_cache(maxsize=10_000)  # most ids occur many times
    def clean(value: str) -> str:
        try:
            for validate in validators:
                validate(value)
        except ValidationError as error:
            raise BadRecord(" ".join(error.messages)) from None
        return value

    def clean_text(value: Any) -> str:
        if not text_value(value):
            raise BadRecord("may not be empty")
        return clean(value)

    return clean_text


def label(length: int) -> Callable[[Any], str]:
    """A name: one line of at most ``length`` characters."""

    def clean(value: Any) -> str:
        words = text_value(value)
        if _CONTROL.search(words):
            raise BadRecord("may not contain control characters")
        if len(words) > length:
            raise BadRecord(f"may not be longer than {length} characters")
        return words

    return clean


def reason_text(value: Any) -> str | None:
    """A provider's reason of any length; a longer one is cut (rule 11)."""
    return kept_reason(text_value(value))


def text_of(length: int) -> Callable[[Any], str]:
    """A text of 1 to ``length`` characters, of any number of lines."""

    def clean(value: Any) -> str:
        words = text_value(value)
        if not words:
            raise BadRecord("may not be empty")
        if len(words) > length:
            raise BadRecord(f"may not be longer than {length} characters")
        return words

    return clean


def one_of_words(values: Collection[str]) -> Callable[[Any], str]:
    """One of a few values."""

    def clean(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise BadRecord(f"must be one of {', '.join(values)}")
        return value

    return clean


def length_value(value: Any) -> int:
    """A count."""
    if type(value) is not int or value < 0:
        raise BadRecord("must be a non-negative whole number")
    return value


def yes_or_no(value: Any) -> bool:
    """A JSON boolean."""
    if type(value) is not bool:
        raise BadRecord("must be true or false")
    return value


def time(value: Any) -> datetime:
    """Unix seconds, or ISO 8601 with a time zone, without which it would be ambiguous."""
    try:
        moment = _moment(value)
    except (OverflowError, OSError, ValueError):
        raise BadRecord("must be Unix seconds or an ISO 8601 time") from None
    if moment < _EARLIEST:
        raise BadRecord("may not be before 1970")
    return moment


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise BadRecord("must have a time zone, for example 2026-11-21T09:30:00Z")
        return moment.astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    if value >= _MILLISECONDS:
        raise BadRecord("looks like milliseconds; must be Unix seconds or an ISO 8601 time")
    return datetime.fromtimestamp(value, UTC)
