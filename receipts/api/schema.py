"""The OpenAPI schema: every operation with its errors."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema

_REASONS = {
    "400": "A field is unknown, missing or malformed; the response names it.",
    "401": "The token or key is missing or invalid.",
    "403": "You can see this object, but may not do this.",
    "404": "It does not exist, or you cannot see it.",
    "405": "Method not allowed.",
    "406": "Responses are JSON only.",
    "413": "The request is too large.",
    "415": "Send JSON.",
    "429": "Too many requests; `Retry-After` says when to retry.",
    "503": "Unavailable or busy; `Retry-After` says when to retry.",
}
_CITATION = re.compile(r"\s*\(rules? [\d, and]+\)")
_DETAIL = {
    "type": "object",
    "properties": {"detail": {"type": "string"}, "code": {"type": "string"}},
    "required": ["detail", "code"],
}
_FIELDS = {
    "type": "object",
    "description": "Each invalid field with its errors; at most 20 errors in all.",
    "additionalProperties": {},
}


class Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A user's token or a service key, both in the same header."""

    target_class = "chat.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A user's token (JWT) or a service key (`sk_…`).",
        }


class Strict(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Declares that a body accepts no unknown fields."""

    target_class = "receipts.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        schema = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False}


class Schema(AutoSchema):
    """Adds the error responses that any operation may return."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None and not self.path.endswith(("/schema/", "/docs/")):
            for status, reason in _REASONS.items():
                if status in ("413", "415") and self.method not in ("POST", "PATCH", "PUT"):
                    continue
                schema = {"anyOf": [_DETAIL, _FIELDS]} if status == "400" else _DETAIL
                operation["responses"].setdefault(
                    status,
                    {"description": reason, "content": {"application/json": {"schema": schema}}},
                )
        return operation

    def get_summary(self) -> str:
        """The first sentence of the operation's docstring."""
        return self._docstring().split("\n")[0].rstrip(".").replace("``", "")

    def get_description(self) -> str:  # type: ignore[override]
        """The docstring after its first sentence."""
        return "\n".join(self._docstring().split("\n")[1:]).strip().replace("``", "`")

    def _docstring(self) -> str:
        """The docstring without rule numbers, which are for developers only."""
        return _CITATION.sub("", super().get_description())

    def get_operation_id(self) -> str:
        """``conversations_messages_list``: the address's words and the action."""
        words = [word for word in self._tokenize_path() if "{" not in word]
        action = getattr(self.view, "action", None) or self.method.lower()
        words = [word.replace("-", "_") for word in words]
        return "_".join([*words, action] if action != words[-1] else words)

    def get_tags(self) -> list[str]:
        return self._tokenize_path()[:1]
