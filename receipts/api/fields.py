"""Strict fields: an invalid value is refused with an error under the field's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.callers import users_by_name
from chat.ids import MAX_EXTERNAL_ID, MAX_USERNAME
from chat.models import User
from chat.validators import external_id_validator, username_validator
from receipts.api.limits import STOP_AT

#: The format of a time; Python's parser alone accepts any character before the zone, even NUL.
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)


class StrictSerializer(serializers.Serializer[Any]):
    """Rejects unknown fields, so that a misspelt one is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = islice((name for name in data if name not in known), STOP_AT)
            if errors := {name: ["Unknown field."] for name in unknown}:
                raise serializers.ValidationError(errors, code="unknown_field")
        return super().to_internal_value(data)


def checked(serializer_class: Any, data: Any, **options: Any) -> dict[str, Any]:
    """The body as validated by a serializer; raises ``ValidationError``."""
    serializer = serializer_class(data=data, **options)
    try:
        serializer.is_valid(raise_exception=True)
        fields: dict[str, Any] = serializer.validated_data
        return fields
    finally:
        # It and its fields form a reference cycle, which would keep its data in memory until the
        # next garbage collection.
        serializer.__dict__.clear()


class RowSerializer(serializers.Serializer[Any]):
    """Declares a shape for the schema; a plain function, which is faster, builds the rows."""

    def to_representation(self, instance: Any) -> Any:
        return instance


class ObjectSerializer(RowSerializer):
    """A shape whose fields are read unchanged from the object's attributes."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: getattr(instance, name) for name in self._declared_fields}


class StrictBooleanField(serializers.BooleanField):
    """Exactly ``true`` or ``false``; nothing is converted."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictChoiceField(serializers.ChoiceField):
    """One of several words; any other type is refused, not converted to text."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data if isinstance(data, bool | int) else "This")
        return super().to_internal_value(data)


class StrictListField(serializers.ListField):
    """A list whose length is checked before its items, and which stops at too many errors."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            message = self.error_messages["max_length"].format(max_length=self.max_length)
            raise serializers.ValidationError(message, code="max_length")
        return super().to_internal_value(data)

    def run_child_validation(self, data: Any) -> list[Any]:
        checked: list[Any] = []
        errors: dict[Any, Any] = {}
        for place, item in enumerate(data):
            try:
                checked.append(self.child.run_validation(item))
            except serializers.ValidationError as error:
                errors[place] = error.detail
                if len(errors) == STOP_AT:
                    break
        if errors:
            raise serializers.ValidationError(errors)
        return checked


class StrictCharField(serializers.CharField):
    """Text, unchanged and untrimmed; numbers are refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.DATETIME)
class TimeField(serializers.DateTimeField):
    """An ISO 8601 time with a time zone; without one it would be ambiguous."""

    default_error_messages = {"naive": "Must have a time zone, for example 2026-11-21T09:30:00Z."}

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not TIME.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")
        return super().to_internal_value(value)

    def enforce_timezone(self, value: datetime) -> datetime:
        if timezone.is_naive(value):
            self.fail("naive")
        try:
            return value.astimezone(timezone.get_default_timezone())
        except (OverflowError, ValueError):
            self.fail("overflow")


def username_field(**options: Any) -> StrictCharField:
    """A username in a request body."""
    return StrictCharField(max_length=MAX_USERNAME, validators=[username_validator], **options)


def external_id_field() -> StrictCharField:
    """An optional id of another system in a request body."""
    return StrictCharField(
        max_length=MAX_EXTERNAL_ID,
        required=False,
        allow_null=True,
        validators=[external_id_validator],
    )


def known_users(field: str, usernames: list[str]) -> list[User]:
    """The active users with these names, in one query; an unknown name is an error of ``field``."""
    users = users_by_name(usernames)
    missing = (name for name in usernames if name not in users or not users[name].is_active)
    if unknown := list(islice(missing, STOP_AT)):
        raise serializers.ValidationError(
            {field: [f"No active user has the username {name!r}." for name in unknown]},
            code="does_not_exist",
        )
    return [users[name] for name in dict.fromkeys(usernames)]
