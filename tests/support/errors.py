"""Whether what the API says has the shape that its component of the schema has, and no other."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.support import ROOT

#: What every body of wrong fields has besides the fields.
HEAD = ("detail", "code", "errors")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    return document


@cache
def _validator(component: str) -> Draft202012Validator:
    ref = {"$ref": f"#/components/schemas/{component}"}
    return Draft202012Validator({**ref, "components": _document()["components"]})


def faults_of(component: str, body: Any) -> list[str]:
    """What of ``body`` is not as the component says; also fields that it does not have."""
    shape = _document()["components"]["schemas"][component]
    unknown = [f"{name} is unknown." for name in body if name not in shape["properties"]]
    return unknown + [each.message for each in _validator(component).iter_errors(body)]


def component_of_event(kind: str) -> str:
    """The component that the union of events names for a kind."""
    mapping = _document()["components"]["schemas"]["Event"]["discriminator"]["mapping"]
    return str(mapping[kind]).rsplit("/", 1)[1]


def check_error(status: int, body: Any) -> None:
    """An ``Error``, or, where it lists errors, a ``ValidationError``, which only a 400 is."""
    is_of_fields = isinstance(body, dict) and "errors" in body
    assert not is_of_fields or status == 400, (status, body)
    component = "ValidationError" if is_of_fields else "Error"
    faults = [] if is_of_fields else faults_of(component, body)
    faults += [each.message for each in _validator(component).iter_errors(body)]
    assert not faults, (status, body, faults)


def by_field(body: Any) -> Any:
    """The texts of wrong fields by field; any other body unchanged."""
    if not (isinstance(body, dict) and "errors" in body):
        return body
    fields = {name: each for name, each in body.items() if name not in HEAD}
    for error in body["errors"]:
        if error["field"] in HEAD:  # an unknown field of that name
            fields.setdefault(error["field"], []).append(error["detail"])
    return fields
