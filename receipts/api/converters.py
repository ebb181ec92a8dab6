"""URL converters for ids and usernames; an impossible value matches no route: 404."""

from __future__ import annotations

from django.urls.converters import StringConverter

from chat.ids import MAX_ID


class IdConverter:
    """A whole number in the range of ids."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class UsernameConverter(StringConverter):
    """A possible username: without NUL, which PostgreSQL rejects even in a comparison.

    An encoded slash is in the path as ``chat.addresses.SLASH``, the last control character.
    """

    regex = r"[^/\x00-\x1e\x7f]+"
