"""Ids and usernames in addresses; what can be neither matches nothing, so the answer is 404."""

from __future__ import annotations

from django.urls.converters import StringConverter

from chat.ids import MAX_ID


class IdConverter:
    """A whole number that an id can be."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class UsernameConverter(StringConverter):
    """Text that a username can be: PostgreSQL does not even compare with a NUL."""

    regex = r"[^/\x00-\x1f\x7f]+"
