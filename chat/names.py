"""How requests name messages and conversations: by number, or by their id in another system.

In addresses and lists of words a name stands behind ``ext:``; in bodies it is an object with
``external_id``. In the code such a reference is an ``int`` or a ``str``; where both may be given it
is a ``MessageReference``.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from chat.ids import MAX_ID, whole_number

#: What stands before a name where a number could stand.
PREFIX = "ext:"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReference:
    """A message, by its number, by its external id, or by both, which then have to agree."""

    number: int | None = None
    name: str | None = None


def numbered(number: int | None) -> MessageReference | None:
    """The message with this number; None without one."""
    return None if number is None else MessageReference(number=number)


def reference_in(word: str) -> int | str | None:
    """The reference in an address: an id, or ``ext:`` and a name; None for anything else."""
    if word.startswith(PREFIX):
        return word[len(PREFIX) :] or None
    return whole_number(word, MAX_ID)


def words_of(text: str) -> list[str]:
    """The words of a list that is separated by commas; one of a name is written ``%2C``."""
    return [unquote(word) for word in map(str.strip, text.split(",")) if word]
