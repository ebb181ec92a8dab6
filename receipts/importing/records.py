"""What a record may hold: each line is checked here, field by field, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db.models import Model

from chat.models import IMPORTED, Conversation, ConversationKind, Message, Role, User
from chat.validators import external_id_validator
from receipts.importing.source import MAX_LINE_BYTES

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_MESSAGE_ID_LENGTH = Message._meta.get_field("client_id").max_length - len(IMPORTED)


class BadRecord(ValueError):
    """What is wrong with a line."""


@dataclass(frozen=True)
class Field:
    """How the value of a field is checked, and what stands for it where it is left out."""

    clean: Callable[[Any], Any]
    required: bool = True
    default: Any = None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadRecord("must be text")
    if "\x00" in value:
        raise BadRecord("may not hold NUL")
    return value


def _id(*validators: Callable[[str], None]) -> Callable[[Any], str]:
    """An id, as the column that keeps it would have it. Most ids come again and again."""

    @lru_cache(maxsize=10_000)
    def clean(value: str) -> str:
        try:
            for validate in validators:
                validate(value)
        except ValidationError as error:
            raise BadRecord(" ".join(error.messages)) from None
        return value

    def clean_text(value: Any) -> str:
        if not _text(value):
            raise BadRecord("may not be empty")
        return clean(value)

    return clean_text


def _label(model: type[Model], name: str) -> Callable[[Any], str]:
    """A name that people read, in one line."""
    length = model._meta.get_field(name).max_length

    def clean(value: Any) -> str:
        if _CONTROL.search(_text(value)):
            raise BadRecord("may not hold control characters")
        if len(value) > length:
            raise BadRecord(f"may not be longer than {length} characters")
        return value

    return clean


def _one_of(values: list[str]) -> Callable[[Any], str]:
    def clean(value: Any) -> str:
        if value not in values:
            raise BadRecord(f"must be one of {', '.join(values)}")
        return value

    return clean


def _length(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise BadRecord("must be a whole number from 0")
    return value


def _time(value: Any) -> datetime:
    """Unix seconds, or ISO 8601 with its zone: without one it could be any of 38 moments."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            if time.tzinfo is None:
                raise BadRecord("must say its zone, for example 2026-11-21T09:30:00Z")
            time = time.astimezone(UTC)
        elif type(value) in (int, float):
            time = datetime.fromtimestamp(value, UTC)
        else:
            raise BadRecord("must be Unix seconds or an ISO 8601 time")
    except (OverflowError, OSError, ValueError) as error:
        if isinstance(error, BadRecord):
            raise
        raise BadRecord("must be Unix seconds or an ISO 8601 time") from None
    if time < _EARLIEST:
        raise BadRecord("is before 1970")
    return time


_user = _id(*User._meta.get_field("username").validators)
_conversation = _id(*Conversation._meta.get_field("external_id").validators)
_message = _id(external_id_validator, MaxLengthValidator(_MESSAGE_ID_LENGTH))
_maybe_time = Field(_time, required=False)

#: The fields of each type of record.
FIELDS: Mapping[str, Mapping[str, Field]] = {
    "user": {
        "id": Field(_user),
        "display_name": Field(_label(User, "display_name"), required=False, default=""),
    },
    "conversation": {
        "id": Field(_conversation),
        "kind": Field(_one_of(ConversationKind.values), required=False, default="group"),
        "title": Field(_label(Conversation, "title"), required=False, default=""),
    },
    "participant": {
        "conversation": Field(_conversation),
        "user": Field(_user),
        "joined_at": _maybe_time,
        "left_at": _maybe_time,
        "role": Field(_one_of(Role.values), required=False, default="member"),
    },
    "message": {
        "id": Field(_message),
        "conversation": Field(_conversation),
        "sender": Field(_user),
        "sent_at": Field(_time),
        "body": Field(_text, required=False, default=""),
        "length": Field(_length, required=False),
    },
    "receipt": {
        "message": Field(_message),
        "user": Field(_user),
        "delivered_at": _maybe_time,
        "read_at": _maybe_time,
    },
    "watermark": {
        "conversation": Field(_conversation),
        "user": Field(_user),
        "delivered_up_to": Field(_message, required=False),
        "read_up_to": Field(_message, required=False),
        "at": Field(_time),
    },
}


def parse(line: bytes, now: datetime) -> tuple[str, dict[str, Any]]:
    """A line's type and its fields, with times held to ``now``. Raises ``BadRecord``."""
    record = _object(line)
    kind = record.pop("type", None)
    fields = FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise BadRecord(f"type: must be one of {', '.join(FIELDS)}")
    if unknown := next((name for name in record if name not in fields), None):
        raise BadRecord(f"{unknown[:40]!r} is no field of a {kind}")
    values = {name: _value(name, field, record.get(name), now) for name, field in fields.items()}
    _check_together(kind, values)
    return kind, values


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise BadRecord(f"is longer than {MAX_LINE_BYTES} bytes")
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadRecord(f"is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise BadRecord("is not a JSON object")
    return record


def _value(name: str, field: Field, value: Any, now: datetime) -> Any:
    if value is None:
        if field.required:
            raise BadRecord(f"{name}: is missing")
        return field.default
    try:
        value = field.clean(value)
    except BadRecord as error:
        raise BadRecord(f"{name}: {error}") from None
    return min(value, now) if isinstance(value, datetime) else value


def _check_together(kind: str, values: dict[str, Any]) -> None:
    """What no field can say alone."""
    if kind == "participant" and values["joined_at"] and values["left_at"]:
        if values["left_at"] < values["joined_at"]:
            raise BadRecord("left_at: is before joined_at")
    elif kind == "receipt" and not (values["delivered_at"] or values["read_at"]):
        raise BadRecord("needs delivered_at or read_at")
    elif kind == "watermark" and bool(values["delivered_up_to"]) == bool(values["read_up_to"]):
        raise BadRecord("needs either delivered_up_to or read_up_to")
