"""The OpenAPI schema: every operation with its name and its errors."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes

from receipts.api.components import RATE_HEADERS, SHARED_RESPONSES
from receipts.api.fields import ObjectSerializer, RowSerializer, StrictSerializer
from receipts.api.operation_ids import OPERATION_IDS

_NULL = {"$ref": "#/components/schemas/Null"}
_CITATION = re.compile(r"\s*\(rules? [\d, and]+\)")
_PREFIX = "/api/v1/"
#: What a response is if its operation does not say.
_DESCRIPTIONS = {"200": "OK", "201": "Created", "202": "Accepted", "204": "Done; no content"}
#: Requests with a body.
_WITH_BODY = ("POST", "PATCH", "PUT")
_OF_BODIES = ("413", "415")


def undocumented() -> list[type]:
    """Classes whose docstrings are for developers of the service, and those of the libraries."""
    libraries: list[type] = get_lib_doc_excludes()  # type: ignore[no-untyped-call]
    return [StrictSerializer, ObjectSerializer, RowSerializer, *libraries]


def polished(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: descriptions are Markdown, and null needs no component."""
    shapes = result["components"]["schemas"]
    shapes.pop("Null", None)
    for shape in shapes.values():
        if "description" in shape:
            shape["description"] = _plain(shape["description"])
        for field in shape.get("properties", {}).values():
            if _NULL in (choices := field.get("oneOf", ())):
                choices[choices.index(_NULL)] = {"type": "null"}
    return result


def _plain(docstring: str) -> str:
    """Without rule numbers, which are for developers only."""
    return _CITATION.sub("", docstring).replace("``", "`")


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
    """Operations with readable names, and with the responses that any of them may return."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None or self.path.endswith(("/schema/", "/docs/")):
            return operation
        responses = operation["responses"]
        for status, response in responses.items():
            response["description"] = response["description"] or _DESCRIPTIONS[status]
            if status in _DESCRIPTIONS:
                response["headers"] = RATE_HEADERS
        for status, response in SHARED_RESPONSES.items():
            if status not in _OF_BODIES or self.method in _WITH_BODY:
                responses.setdefault(status, response)
        return operation

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _get_serializer_name(
        self, serializer: Any, direction: Any, bypass_extensions: bool = False
    ) -> str:
        """Without suffixes: ``Message``, though the class is ``MessageShape`` beside the model.

        The bodies of requests have names of their own.
        """
        name: str = super()._get_serializer_name(serializer, "response", bypass_extensions)
        return name.removesuffix("Shape")

    def get_summary(self) -> str:
        """The first sentence of the operation's docstring."""
        return self._docstring().split("\n")[0].rstrip(".").replace("`", "")

    def get_description(self) -> str:  # type: ignore[override]
        """The docstring after its first sentence."""
        return "\n".join(self._docstring().split("\n")[1:]).strip()

    def _docstring(self) -> str:
        return _plain(super().get_description())

    def get_operation_id(self) -> str:
        """``list_messages``: the name of a function in a client."""
        address = self.path.removeprefix(_PREFIX).replace("{pk}", "{id}")
        return OPERATION_IDS.get(f"{self.method} {address}") or super().get_operation_id()

    def get_tags(self) -> list[str]:
        return self._tokenize_path()[:1]
