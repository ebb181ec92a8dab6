"""URL converters for ids, names and usernames; an impossible value matches no route: 404."""

from __future__ import annotations

from django.urls.converters import StringConverter

from chat.ids import MAX_EXTERNAL_ID, MAX_ID
from chat.names import PREFIX, reference_in


class NumberConverter:
    """A whole number in the range of ids."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class ReferenceConverter:
    """An id, or ``ext:`` and an external id: an ``int`` or a ``str``.

    An encoded slash is in the path as ``chat.addresses.SLASH``, the last control character.
    """

    regex = rf"(?:[0-9]{{1,19}}|{PREFIX}[^/\x00-\x1e\x7f]{{1,{MAX_EXTERNAL_ID}}})"

    def to_python(self, value: str) -> int | str:
        reference = reference_in(value)
        if reference is None:
            raise ValueError(value)
        return reference

    def to_url(self, value: int | str) -> str:
        return str(value) if isinstance(value, int) else PREFIX + value


class UsernameConverter(StringConverter):
    """A possible username: without NUL, which PostgreSQL rejects even in a comparison."""

    regex = r"[^/\x00-\x1e\x7f]+"
