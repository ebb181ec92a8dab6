"""Messages as request bodies name them: a number, or an object with ``external_id``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as InvalidName
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.ids import MAX_EXTERNAL_ID, MAX_ID
from chat.names import MessageReference
from chat.validators import external_id_validator
from receipts.rules.threads import MAIN

_KEYS = {"id", "external_id"}
_REFERENCE = {"$ref": "#/components/schemas/MessageReference"}


def is_id(value: Any) -> bool:
    """Whether it is a whole number in the range of ids; no text, no fraction, no boolean."""
    return type(value) is int and 1 <= value <= MAX_ID


def message_reference(value: Any) -> MessageReference:
    """``12``, ``{"external_id": "order-7"}``, or an object with both. Raises ``ValueError``."""
    if not isinstance(value, dict):
        if not is_id(value):
            raise ValueError("Must be an id: a whole number from 1; or an object with external_id.")
        return MessageReference(number=value)
    if not value or value.keys() - _KEYS:
        raise ValueError("Must be an object with external_id, id or both, and nothing else.")
    if "id" in value and not is_id(value["id"]):
        raise ValueError("id: must be a whole number from 1.")
    if "external_id" in value:
        check_name(value["external_id"])
    return MessageReference(number=value.get("id"), name=value.get("external_id"))


def check_name(name: Any) -> None:
    """Raise ``ValueError`` unless it can be the id of something in another system."""
    if not isinstance(name, str) or not name:
        raise ValueError("external_id: must be text, and not empty.")
    if len(name) > MAX_EXTERNAL_ID:
        raise ValueError(f"external_id: at most {MAX_EXTERNAL_ID} characters.")
    try:
        external_id_validator(name)
    except InvalidName as error:
        raise ValueError("external_id: " + error.messages[0]) from error


@extend_schema_field(_REFERENCE)
class MessageReferenceField(serializers.Field[MessageReference, Any, Any, Any]):
    """A message, by its number or by its external id."""

    def to_internal_value(self, data: Any) -> MessageReference:
        try:
            return message_reference(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"oneOf": [{"type": "string", "const": MAIN}, _REFERENCE]})
class ThreadReferenceField(MessageReferenceField):
    """``main``, or the root of a thread."""

    def to_internal_value(self, data: Any) -> Any:
        if data == MAIN:
            return MAIN
        if isinstance(data, str):
            raise serializers.ValidationError(f'Must be "{MAIN}", or the root of a thread.')
        return super().to_internal_value(data)
