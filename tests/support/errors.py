"""Whether an error of the API has the shape of one of the schema's two components."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.support import ROOT

#: What every body of wrong fields has besides the fields.
HEAD = ("detail", "code", "errors")


@cache
def _validator(component: str) -> Draft202012Validator:
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    ref = {"$ref": f"#/components/schemas/{component}"}
    return Draft202012Validator({**ref, "components": document["components"]})


def check_error(status: int, body: Any) -> None:
    """An ``Error``, or, where it lists errors, a ``ValidationError``, which only a 400 is."""
    is_of_fields = isinstance(body, dict) and "errors" in body
    assert not is_of_fields or status == 400, (status, body)
    component = "ValidationError" if is_of_fields else "Error"
    faults = [each.message for each in _validator(component).iter_errors(body)]
    assert not faults, (status, body, faults)
    if not is_of_fields:
        assert set(body) == {"detail", "code"}, body


def by_field(body: Any) -> Any:
    """The texts of wrong fields by field; any other body unchanged."""
    if not (isinstance(body, dict) and "errors" in body):
        return body
    fields = {name: each for name, each in body.items() if name not in HEAD}
    for error in body["errors"]:
        if error["field"] in HEAD:  # an unknown field of that name
            fields.setdefault(error["field"], []).append(error["detail"])
    return fields
