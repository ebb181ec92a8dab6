"""Parts of the OpenAPI document that every operation refers to: errors and headers."""

from __future__ import annotations

from typing import Any

from chat.ids import MAX_EXTERNAL_ID, MAX_ID


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


_TEXT = {"type": "string"}
_ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
ERROR = _ref("schemas", "Error")

_SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "description": "Why a request was refused: a sentence, and a code for programs.",
        "properties": {"detail": _TEXT, "code": _TEXT},
        "required": ["detail", "code"],
    },
    "FieldError": {
        "type": "object",
        "description": "One error of one field.",
        "properties": {
            "field": {
                **_TEXT,
                "description": "The field or parameter; of a nested one the path, such as "
                "`participants.0`. `non_field_errors` for what concerns no single one.",
            },
            "code": {**_TEXT, "description": "For programs, such as `required` or `blank`."},
            "detail": {**_TEXT, "description": "A sentence."},
        },
        "required": ["field", "code", "detail"],
    },
    "MessageReference": {
        "description": "A message: its id, or an object with its external id, its id or both.",
        "oneOf": [_ID, _ref("schemas", "MessageName")],
    },
    "MessageName": {
        "type": "object",
        "description": "A message by its external id; if the id is given, too, they have to agree.",
        "properties": {
            "id": _ID,
            "external_id": {
                **_TEXT,
                "minLength": 1,
                "maxLength": MAX_EXTERNAL_ID,
                "pattern": r"^[^\x00-\x1f\x7f]+$",
            },
        },
        "additionalProperties": False,
        "minProperties": 1,
    },
    "ValidationError": {
        "type": "object",
        "description": "Fields or parameters are wrong. Beside the list, each wrong field stands "
        "under its own name, with its sentences.",
        "properties": {
            "detail": _TEXT,
            "code": {**_TEXT, "const": "invalid"},
            "errors": {
                "type": "array",
                "description": "At most 20, and one that says so if there are more.",
                "items": _ref("schemas", "FieldError"),
            },
        },
        "required": ["detail", "code", "errors"],
        "additionalProperties": {},
    },
}
_HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "How many requests are left (`r`), and seconds until there are more (`t`); "
        "as the process that answered counts them. Absent where there is no limit.",
        "schema": _TEXT,
        "example": '"user-reads";r=1187;t=42',
    },
    "RateLimit-Policy": {
        "description": "The limit: `q` requests in `w` seconds, by process of the server.",
        "schema": _TEXT,
        "example": '"user-reads";q=1200;w=60',
    },
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
#: Headers of every answer to a request that is counted.
RATE_HEADERS = {name: _ref("headers", name) for name in ("RateLimit", "RateLimit-Policy")}
_RETRY = {"Retry-After": _ref("headers", "Retry-After")}


def _response(description: str, schema: dict[str, Any] = ERROR, **headers: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    given = {"headers": headers} if headers else {}
    return {"description": description, **given, "content": content}


_RESPONSES = {
    "BadRequest": _response(
        "A field is unknown, missing or malformed, or the request is no JSON.",
        {"anyOf": [_ref("schemas", "ValidationError"), ERROR]},
    ),
    "Unauthorized": _response("The token or key is missing or invalid."),
    "Forbidden": _response("You can see this object, but may not do this."),
    "NotFound": _response("It does not exist, or you cannot see it."),
    "MethodNotAllowed": _response("Method not allowed."),
    "NotAcceptable": _response("Responses are JSON only."),
    "TooLarge": _response("The request is too large."),
    "UnsupportedMediaType": _response("Send JSON."),
    "TooManyRequests": _response(
        "Too many requests; `Retry-After` says when to retry.", **RATE_HEADERS, **_RETRY
    ),
    "Unavailable": _response("Unavailable or busy; `Retry-After` says when to retry.", **_RETRY),
}
#: What any operation may answer, by status.
SHARED_RESPONSES = {
    status: _ref("responses", name)
    for status, name in zip(
        ("400", "401", "403", "404", "405", "406", "413", "415", "429", "503"),
        _RESPONSES,
        strict=True,
    )
}
COMPONENTS = {"schemas": _SCHEMAS, "headers": _HEADERS, "responses": _RESPONSES}
