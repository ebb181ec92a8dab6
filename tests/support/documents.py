"""The OpenAPI documents of the vendors' calls, and whether responses conform to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from typing import Any

import yaml
from django.contrib.admindocs.views import simplify_regex
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator, FormatChecker

from tests.support import ROOT

DOCS = ROOT / "docs"
#: The keys of a path item that are methods.
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time", raises=ValueError)(datetime.fromisoformat)


class Document:
    """One vendor's document; it is validated as OpenAPI when it is loaded."""

    def __init__(self, vendor: str) -> None:
        self.content: dict[str, Any] = yaml.safe_load((DOCS / f"openapi-{vendor}.yaml").read_text())
        validate_schema(self.content)
        self.operations = {
            f"{method.upper()} {address}": {"parameters": [], **shared, **operation}
            for address, shared in self.content["paths"].items()
            for method, operation in shared.items()
            if method in METHODS
        }

    def parameters(self, label: str, where: str) -> set[str]:
        """The names of an operation's parameters in ``query`` or ``path``, including API keys."""
        _, address = label.split()
        keys = self.content["components"]["securitySchemes"].values()
        given = [
            *self.operations[label]["parameters"],
            *self.content["paths"][address].get("parameters", ()),
            *(key for key in keys if key["type"] == "apiKey"),
        ]
        return {each["name"] for each in map(self._resolved, given) if each["in"] == where}

    def faults_of_body(self, label: str, body: Any) -> list[str]:
        """The faults of a request body; if none is described, there should be none."""
        if "requestBody" not in self.operations[label]:
            return [] if body is None else ["No body is described."]
        return self.faults(_schema(self.operations[label]["requestBody"]), body)

    def faults_of_answer(self, label: str, status: int, answer: Any) -> list[str]:
        """The faults of an operation's response of this status."""
        responses = self.operations[label]["responses"]
        response = self._resolved(responses.get(str(status), responses["default"]))
        return self.faults(_schema(response), answer)

    def faults(self, schema: Any, value: Any) -> list[str]:
        """The faults of ``value``; a schema may also be given by name."""
        if isinstance(schema, str):
            schema = {"$ref": f"#/components/schemas/{schema}"}
        whole = {**schema, "components": self.content["components"]}
        validator = Draft202012Validator(whole, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def _resolved(self, part: Any) -> Any:
        while "$ref" in part:
            _, *names = part["$ref"].split("/")
            part = self.content
            for name in names:
                part = part[name]
        return part


def _schema(described: Any) -> Any:
    return described["content"]["application/json"]["schema"]


def served(vendor: str) -> Iterator[tuple[str, Any]]:
    """Each operation of a gateway of viewsets, and its view; without the view ``Unknown``."""
    for pattern in import_module(f"receipts.gateways.{vendor}.urls").urlpatterns:
        address = re.sub(r"<(\w+)>", r"{\1}", simplify_regex(str(pattern.pattern)))
        if pattern.callback.cls.__name__ != "Unknown":
            for method in set(pattern.callback.actions) - {"head"}:
                yield f"{method.upper()} {address.replace('{pk}', '{message}')}", pattern.callback
