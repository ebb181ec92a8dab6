"""The fields of each record: every line is checked here, before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from django.db import models

from chat.models import Conversation, ConversationKind, Message, MessageKind, Role, User
from receipts.importing.source import MAX_LINE_BYTES
from receipts.importing.values import (
    BadRecord,
    identity,
    label,
    length_value,
    one_of_words,
    reason_text,
    text_of,
    text_value,
    time,
    yes_or_no,
)
from receipts.models import MessageStatus


@dataclass(frozen=True)
class Field:
    """How the value of a field is checked, and its default if omitted."""

    clean: Callable[[Any], Any]
    required: bool = True
    default: Any = None
    #: Whether a time after now is an error. Otherwise it is clamped to now (rule 6).
    past: bool = False


def _column(model: type[models.Model], name: str) -> models.CharField[Any, Any]:
    return cast("models.CharField[Any, Any]", model._meta.get_field(name))


def _length(model: type[models.Model], name: str) -> int:
    return _column(model, name).max_length or 0


_user = identity(_column(User, "username").validators)
_conversation = identity(_column(Conversation, "external_id").validators)
_message = identity(_column(Message, "external_id").validators)
_maybe_time = Field(time, required=False)
_maybe_private = Field(yes_or_no, required=False)

#: The fields of each type of record.
FIELDS: Mapping[str, Mapping[str, Field]] = {
    "user": {
        "id": Field(_user),
        "display_name": Field(label(_length(User, "display_name")), required=False, default=""),
    },
    "conversation": {
        "id": Field(_conversation),
        "kind": Field(one_of_words(ConversationKind.values), required=False, default="group"),
        "title": Field(label(_length(Conversation, "title")), required=False, default=""),
    },
    "participant": {
        "conversation": Field(_conversation),
        "user": Field(_user),
        "joined_at": _maybe_time,
        "left_at": _maybe_time,
        "role": Field(one_of_words(Role.values), required=False, default="member"),
    },
    "message": {
        "id": Field(_message),
        "conversation": Field(_conversation),
        "sender": Field(_user),
        "sent_at": Field(time, past=True),
        "body": Field(text_value, required=False, default=""),
        "length": Field(length_value, required=False),
        "kind": Field(one_of_words(MessageKind.values), required=False, default="message"),
        "activity": Field(yes_or_no, required=False, default=False),
        "edited_at": _maybe_time,
        "deleted_at": _maybe_time,
        "thread": Field(_message, required=False),
    },
    "receipt": {
        "message": Field(_message),
        "user": Field(_user),
        "delivered_at": _maybe_time,
        "read_at": _maybe_time,
        "private": _maybe_private,
        "content": Field(text_of(_length(MessageStatus, "content")), required=False),
        "failed_at": _maybe_time,
        "reason": Field(reason_text, required=False),
    },
    "watermark": {
        "conversation": Field(_conversation),
        "user": Field(_user),
        "delivered_up_to": Field(_message, required=False),
        "read_up_to": Field(_message, required=False),
        "at": Field(time),
        "private": _maybe_private,
    },
    "seen": {
        "conversation": Field(_conversation),
        "user": Field(_user),
        "up_to": Field(_message, required=False),
    },
}


def parse(line: bytes, now: datetime) -> tuple[str, dict[str, Any]]:
    """A line's type and its fields, with times clamped to ``now``. Raises ``BadRecord``."""
    record = _object(line)
    kind = record.pop("type", None)
    fields = FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise BadRecord(f"type: must be one of {', '.join(FIELDS)}")
    if unknown := next((name for name in record if name not in fields), None):
        raise BadRecord(f"{unknown[:40]!r} is not a field of a {kind}")
    values = {
        name: _value(name, field, record[name], now) if name in record else _absent(name, field)
        for name, field in fields.items()
    }
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
        return _absent(name, field)
    try:
        value = field.clean(value)
    except BadRecord as error:
        raise BadRecord(f"{name}: {error}") from None
    if isinstance(value, datetime) and value > now:
        if field.past:
            raise BadRecord(f"{name}: is in the future")
        return now
    return value


def _absent(name: str, field: Field) -> Any:
    """The default of an omitted field."""
    if field.required:
        raise BadRecord(f"{name}: is missing")
    return field.default


def _check_together(kind: str, values: dict[str, Any]) -> None:
    """Checks across several fields."""
    if kind == "participant" and values["joined_at"] and values["left_at"]:
        if values["left_at"] < values["joined_at"]:
            raise BadRecord("left_at: is before joined_at")
    elif kind == "message":
        for name in ("edited_at", "deleted_at"):
            if values[name] and values[name] < values["sent_at"]:
                raise BadRecord(f"{name}: is before sent_at")
        if values["activity"] and values["kind"] != MessageKind.SYSTEM:
            raise BadRecord("activity: only for a system line")
        if values["thread"] and values["kind"] == MessageKind.SYSTEM:
            raise BadRecord("thread: a system line is no reply")
    elif kind == "receipt":
        _check_receipt(values)
    elif kind == "watermark":
        if bool(values["delivered_up_to"]) == bool(values["read_up_to"]):
            raise BadRecord("needs either delivered_up_to or read_up_to")
        _check_needs(values, "private", "read_up_to")


def _check_receipt(values: dict[str, Any]) -> None:
    if not (values["delivered_at"] or values["read_at"] or values["failed_at"]):
        raise BadRecord("needs delivered_at, read_at or failed_at")
    for name, needed in (("private", "read_at"), ("content", "read_at"), ("reason", "failed_at")):
        _check_needs(values, name, needed)


def _check_needs(values: dict[str, Any], name: str, needed: str) -> None:
    if values[name] is not None and values[needed] is None:
        raise BadRecord(f"{name}: needs {needed}")
