"""Values of a command's body. Each function raises ``ValidationError`` that names the field."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rest_framework.exceptions import ValidationError

from chat.ids import MAX_ID, whole_number
from chat.names import reference_in
from receipts.api.limits import STOP_AT

#: A message as a command names it: its number in the group, or ``ext:`` and its name.
MsgSeq = int | str


def known_fields(
    body: Mapping[str, Any], required: tuple[str, ...], optional: tuple[str, ...]
) -> dict[str, Any]:
    """The body, if it has all ``required`` fields and no unknown ones."""
    known = {*required, *optional}
    unknown = islice((name for name in body if name not in known), STOP_AT)
    wrong = {name: ["Unknown field."] for name in unknown}
    wrong |= {name: ["Is required."] for name in required if name not in body}
    if wrong:
        raise ValidationError(wrong)
    return dict(body)


def required_text(name: str, value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ValidationError({name: ["Must be text."]})
    return value


def bounded_number(name: str, value: Any, largest: int, *, least: int = 1) -> int:
    """A whole number from ``least`` to ``largest``."""
    if type(value) is not int or not least <= value <= largest:
        raise ValidationError({name: [f"Must be a whole number from {least} to {largest}."]})
    return value


def message_sequence(value: Any) -> MsgSeq:
    """``MsgSeq``: a message, given as its number in the group or as ``ext:`` and a name."""
    if not (isinstance(value, str) and isinstance(reference_in(value), str)):
        bounded_number("MsgSeq", value, MAX_ID)
    sequence: MsgSeq = value
    return sequence


def message_sequences(value: Any, most: int) -> list[MsgSeq]:
    """``MsgSeqList``: at most ``most`` messages, as they are given."""
    if not all(set(each) == {"MsgSeq"} for each in objects_in("MsgSeqList", value, most)):
        raise ValidationError({"MsgSeqList": ["Each must be an object with a MsgSeq."]})
    return [message_sequence(each["MsgSeq"]) for each in value]


def objects_in(name: str, value: Any, most: int) -> list[dict[str, Any]]:
    """A list of 1 to ``most`` objects."""
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise ValidationError({name: [f"Must be a list of 1 to {most} objects."]})
    if not all(isinstance(each, dict) for each in value):
        raise ValidationError({name: ["Each must be an object."]})
    return value


def texts_in(name: str, value: Any, most: int) -> list[str]:
    """A list of 1 to ``most`` texts, none of them empty."""
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise ValidationError({name: [f"Must be a list of 1 to {most} texts."]})
    return [required_text(name, each) for each in value]


def member_cursor(given: Any) -> int:
    """The id of the recipient after whom a page starts; 0 for an empty cursor, the first page."""
    if given == "":
        return 0
    position = whole_number(given, MAX_ID) if isinstance(given, str) else None
    if position is None:
        raise ValidationError({"Cursor": ["Not a cursor of this list."]})
    return position
