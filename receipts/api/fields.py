"""Fields that are strict: what is not exactly right is refused, and the field is named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.ids import MAX_ID
from chat.models import User
from chat.validators import username_validator

#: What a time looks like; Python's reader alone takes any character before the zone, a NUL too.
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelt one is not passed over in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = set(data) - {
                name for name, field in self.fields.items() if not field.read_only
            }
            if unknown:
                raise serializers.ValidationError(
                    {name: ["Unknown field."] for name in sorted(unknown)}
                )
        return super().to_internal_value(data)


class RowSerializer(serializers.Serializer[Any]):
    """Declares a shape for the schema; the rows are made by a plain function, which is faster."""

    def to_representation(self, instance: Any) -> Any:
        return instance


class ObjectSerializer(RowSerializer):
    """A shape whose fields are attributes of the object, as they stand."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {str(name): getattr(instance, str(name)) for name in self.fields}


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_ID})
class IdField(serializers.Field[int, Any, int, Any]):
    """A whole number that an id can be; no text, no fraction, no truth value."""

    default_error_messages = {"invalid": "Must be an id: a whole number from 1."}

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int or not 1 <= data <= MAX_ID:
            self.fail("invalid")
        return data

    def to_representation(self, value: int) -> int:
        return value


class StrictBooleanField(serializers.BooleanField):
    """``true`` or ``false`` and nothing that looks like them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictCharField(serializers.CharField):
    """Text as it stands, blanks included; a number is not taken for one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.DATETIME)
class TimeField(serializers.DateTimeField):
    """An ISO 8601 time with its zone; a time without one could be any of 38 moments."""

    default_error_messages = {"naive": "Must say its zone, for example 2026-11-21T09:30:00Z."}

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
    return StrictCharField(max_length=150, validators=[username_validator], **options)


def known_users(field: str, usernames: list[str]) -> list[User]:
    """The active users of these names, in one query; an unknown one names ``field``."""
    users = {user.username: user for user in User.objects.filter(username__in=set(usernames))}
    unknown = [name for name in usernames if name not in users or not users[name].is_active]
    if unknown:
        raise serializers.ValidationError(
            {field: [f"No active user has the username {name!r}." for name in unknown[:10]]}
        )
    return [users[name] for name in dict.fromkeys(usernames)]
