"""Values of a command's body. Each function raises ``ValidationError`` that names the field."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rest_framework.exceptions import ValidationError

from chat.ids import MAX_ID, whole_number
from chat.names import reference_in
from receipts.api.limits import STOP_AT
from receipts.gateways.frame import message_ids_given

#: A message as a command names it: its id, or ``ext:`` and its name.
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


def message_sequence(value: Any) -> int:
    """``MsgSeq``: the id of a message, given as a number or as ``ext:`` and a name."""
    return _sequences([value])[0][1]


def message_sequences(value: Any, most: int) -> list[tuple[MsgSeq, int]]:
    """``MsgSeqList``: at most ``most`` messages as they are given, each with its id.

    The id is 0 for a name that no message has.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise ValidationError({"MsgSeqList": [f"Must be a list of 1 to {most} messages."]})
    if not all(isinstance(each, dict) and set(each) == {"MsgSeq"} for each in value):
        raise ValidationError({"MsgSeqList": ["Each must be an object with a MsgSeq."]})
    return _sequences([each["MsgSeq"] for each in value])


def _sequences(given: list[Any]) -> list[tuple[MsgSeq, int]]:
    for each in given:
        if not (isinstance(each, str) and isinstance(reference_in(each), str)):
            bounded_number("MsgSeq", each, MAX_ID)
    ids = message_ids_given(given)
    return [(each, number or 0) for each, number in zip(given, ids, strict=True)]


def member_cursor(given: Any) -> int:
    """The id of the recipient after whom a page starts; 0 for an empty cursor, the first page."""
    if given == "":
        return 0
    position = whole_number(given, MAX_ID) if isinstance(given, str) else None
    if position is None:
        raise ValidationError({"Cursor": ["Not a cursor of this list."]})
    return position
