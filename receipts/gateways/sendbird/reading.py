"""Readers of bodies and queries, which raise the vendor's codes for wrong values.

Unknown fields are ignored: the SDKs repeat the parts of the path in the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from chat.ids import MAX_ID, whole_number
from chat.names import reference_in
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.reads.names import message_id_of

#: The most entries of a list: the most participants of a new conversation in the native API.
MOST_WORDS = 10_000


class BodyFields:
    """The fields of a body. ``null`` means that a field is missing."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    @overload
    def text(self, name: str) -> str: ...
    @overload
    def text(self, name: str, default: str) -> str: ...
    @overload
    def text(self, name: str, default: None) -> str | None: ...
    def text(self, name: str, default: Any = ...) -> Any:
        """Text; without a default it is required and may not be empty."""
        value = self._value(name)
        if value is None or (value == "" and default is ...):
            return self._missing(name, default)
        if not isinstance(value, str):
            raise SendbirdError(SendbirdCode.NOT_TEXT, f'"{name}" must be a string.')
        return _clean(name, value)

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number from 0."""
        value = self._value(name)
        if value is None:
            return default
        number = self._as_number(value)
        if number is None or number > MAX_ID:
            raise SendbirdError(SendbirdCode.NOT_NUMBER, f'"{name}" must be a whole number.')
        if number < 0:
            raise SendbirdError(SendbirdCode.NEGATIVE, f'"{name}" must not be negative.')
        return number

    def message(self, name: str) -> int | None:
        """The id of a message, given as a number or as ``ext:`` and a name.

        None if it is missing, or 0 as one of the SDKs sends it; 0 for a name that no message has.
        """
        value = self._value(name)
        if isinstance(value, str) and isinstance(named := reference_in(_clean(name, value)), str):
            return message_id_of(named)
        return self.number(name) or None

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._as_flag(self._value(name))
        if value is None:
            return default
        if not isinstance(value, bool):
            raise SendbirdError(SendbirdCode.NOT_BOOLEAN, f'"{name}" must be true or false.')
        return value

    def words(self, name: str, most: int = MOST_WORDS) -> list[str]:
        """A list of at most ``most`` texts without duplicates; empty if it is missing."""
        value = self._as_list(self._value(name))
        if value is None:
            return []
        if isinstance(value, list) and len(value) > most:
            raise SendbirdError(SendbirdCode.TOO_LONG, f'"{name}" may hold {most} at most.')
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise SendbirdError(SendbirdCode.NOT_LIST, f'"{name}" must be a list of strings.')
        return [_clean(name, each) for each in dict.fromkeys(value)]

    def _value(self, name: str) -> Any:
        return self.values.get(name)

    def _missing(self, name: str, default: Any) -> Any:
        if default is ...:
            raise SendbirdError(SendbirdCode.MISSING, f'"{name}" is required.')
        return default

    def _as_number(self, value: Any) -> int | None:
        return value if type(value) is int else None

    def _as_flag(self, value: Any) -> Any:
        return value

    def _as_list(self, value: Any) -> Any:
        return value


class QueryFields(BodyFields):
    """The parameters of a query: ``True`` or ``true``, and lists joined by commas."""

    def _value(self, name: str) -> Any:
        return self.values.get(name) or None

    def _as_number(self, value: str) -> int | None:
        number = whole_number(value.removeprefix("-"), MAX_ID)
        return -number if number and value.startswith("-") else number

    def _as_flag(self, value: Any) -> Any:
        return {"true": True, "false": False}.get(value.lower(), value) if value else None

    def _as_list(self, value: Any) -> Any:
        return [word for word in value.split(",") if word] if value else None


def _clean(name: str, value: str) -> str:
    if "\x00" in value:
        raise SendbirdError(
            SendbirdCode.ILLEGAL_CHARACTER, f'"{name}" may not hold NUL characters.'
        )
    return value
