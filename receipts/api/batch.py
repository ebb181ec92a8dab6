"""The items of a batch: each is validated by itself, with its own errors by field.

A thousand items through a serializer would cost more than marking them does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.conf import settings
from rest_framework import serializers

from chat.ids import MAX_USERNAME
from chat.models import User
from receipts.api.bodies import MAX_CONTENT
from receipts.api.fields import (
    TIME,
    RowSerializer,
    StrictListField,
    StrictSerializer,
    username_field,
)
from receipts.api.limits import MAX_ERRORS, cut
from receipts.api.references import MessageReferenceField, message_reference
from receipts.rules.failures import MAX_REASON
from receipts.services.batch_items import (
    APPLIED,
    DELIVERED,
    FAILED,
    NOT_FOUND,
    NOT_RECIPIENT,
    OTHER_NAME,
    READ,
    SENT,
    UNCHANGED,
    BatchMark,
)

MAX_ITEMS = 1_000
INVALID = "invalid"
#: The fields that belong to one state, and what their error calls it.
_OF_STATE = {
    "private": (READ, "a read"),
    "content": (READ, "a read"),
    "reason": (FAILED, "a failure"),
}
_FIELDS = {"message", "state", "at", "user", *_OF_STATE}
RESULTS = [
    (APPLIED, "The mark changed something"),
    (UNCHANGED, "It was marked before"),
    (NOT_RECIPIENT, "The user is not a recipient of this message"),
    (NOT_FOUND, "There is no such message, or the user cannot see it"),
    (INVALID, "The item is wrong"),
]
_STATES = {SENT: "Sent", DELIVERED: "Delivered", READ: "Read", FAILED: "Failed"}


# Described here for the schema; ``read_item`` reads it.
class BatchItem(StrictSerializer):
    """One mark of a batch. `sent` changes nothing; `failed` is for service accounts."""

    message = MessageReferenceField()
    state = serializers.ChoiceField(list(_STATES.items()))
    at = serializers.DateTimeField(required=False)
    private = serializers.BooleanField(required=False)
    content = serializers.CharField(required=False, max_length=MAX_CONTENT)
    reason = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text=f"Why it `failed`; of a longer one {MAX_REASON} characters are kept.",
    )
    user = username_field(required=False)


class ItemsField(StrictListField):
    """A list whose items are validated one by one, later, by ``read_item``."""

    child = BatchItem()

    def run_child_validation(self, data: Any) -> list[Any]:
        return list(data)


class BatchBody(StrictSerializer):
    """Marks of messages in any conversations."""

    receipts = ItemsField(max_length=MAX_ITEMS)


class BatchResult(RowSerializer):
    """The result of one mark; ``errors`` by field if it is invalid."""

    result = serializers.ChoiceField(RESULTS)
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text=f"The first {MAX_ERRORS} errors of a batch; later marks return only `invalid`.",
    )


class BatchResults(RowSerializer):
    """One result for each mark, in their order."""

    results = BatchResult(many=True)


def batch_results(
    items: Iterable[BatchMark | dict[str, list[str]]], marked: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """One result for each item, in order; ``marked`` holds the results of the valid ones.

    At most ``MAX_ERRORS`` errors are listed, so that a small body cannot get a huge response.
    """
    done, room = iter(marked), MAX_ERRORS
    for item in items:
        result = next(done) if isinstance(item, BatchMark) else INVALID
        if result == OTHER_NAME:
            item = {"message": ["The message with this id has another external_id."]}
        if isinstance(item, BatchMark):
            yield {"result": result}
        elif room:
            errors = dict(islice(item.items(), room))
            room -= len(errors)
            yield {"result": INVALID, "errors": errors}
        else:
            yield {"result": INVALID}


def read_item(given: Any, *, caller: User) -> BatchMark | dict[str, list[str]]:
    """One mark, or its errors by field."""
    if not isinstance(given, dict):
        return {"non_field_errors": ["Must be an object."]}
    unknown = islice((name for name in given if name not in _FIELDS), MAX_ERRORS)
    errors = {cut(name): ["Unknown field."] for name in unknown}
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        try:
            values[name] = read(given.get(name))
        except ValueError as error:
            errors[name] = [str(error)]
    if "state" not in errors:
        errors |= _misplaced(given)
        if values["state"] == FAILED and not caller.is_service:
            errors["state"] = ["Only a service account may report a failure."]
    if "user" not in errors and (refusal := _refusal(values["user"], caller)):
        errors["user"] = [refusal]
    if errors:
        return errors
    return BatchMark(
        message=values["message"],
        username=values["user"] or caller.username,
        state=values["state"],
        at=values["at"],
        private=values["private"],
        content=values["content"],
        reason=values["reason"],
    )


def _misplaced(given: dict[str, Any]) -> dict[str, list[str]]:
    """Errors of fields that belong to another state."""
    return {
        name: [f"Only allowed with {what}."]
        for name, (state, what) in _OF_STATE.items()
        if name in given and given["state"] != state
    }


def _refusal(username: str | None, caller: User) -> str | None:
    """Why this item may not be for that user (rule 18)."""
    if caller.is_service:
        return None if username else "Required: a service account must name the user it acts for."
    if username not in (None, caller.username):
        return "Only a service account may name another user."
    return None


def _state(value: Any) -> str:
    if not isinstance(value, str) or value not in _STATES:
        raise ValueError('Must be "sent", "delivered", "read" or "failed".')
    return value


def _at(value: Any) -> datetime | None:
    if value is None:
        return None
    wanted = "Must be a time with a time zone, for example 2026-11-21T09:30:00Z."
    try:
        if not TIME.fullmatch(value):
            raise ValueError(wanted)
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError(wanted)
        return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(wanted) from error


def _private(value: Any) -> bool | None:
    if not (value is None or isinstance(value, bool)):
        raise ValueError("Must be true or false.")
    if value and settings.RECEIPTS_MANDATORY:
        raise ValueError("Read receipts are mandatory here.")
    return value


def _content(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ValueError("Must be text.")
    if len(value) > MAX_CONTENT:
        raise ValueError(f"At most {MAX_CONTENT} characters.")
    return value


def _reason(value: Any) -> str | None:
    if not (value is None or isinstance(value, str)) or "\x00" in (value or ""):
        raise ValueError("Must be text.")
    return value


def _user(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_USERNAME or "\x00" in value:
        raise ValueError("Must be a username.")
    return value


_READERS = {
    "message": message_reference,
    "state": _state,
    "at": _at,
    "private": _private,
    "content": _content,
    "reason": _reason,
    "user": _user,
}
