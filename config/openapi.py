"""Settings of drf-spectacular for the OpenAPI document and its page."""

from __future__ import annotations

from typing import Any

from chat.ids import MAX_ID, MAX_USERNAME
from config.version import VERSION

_ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Seenby",
    "DESCRIPTION": "Who got this message, and who has read it?",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {
        "number": _ID,
        "id": {
            "anyOf": [_ID, {"type": "string", "pattern": "^ext:.+$", "maxLength": 259}],
            "description": "An id, or `ext:` and the external id, percent-encoded.",
        },
        "username": {"type": "string", "minLength": 1, "maxLength": MAX_USERNAME},
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "persistAuthorization": True,
        "defaultModelsExpandDepth": 0,
        "validatorUrl": None,  # the badge of swagger.io would be fetched from there
    },
    "ENUM_NAME_OVERRIDES": {
        "ShareEnum": "receipts.api.shapes.SHARES",
        "StateEnum": "receipts.rules.status.State",
        "MembershipEnum": "receipts.rules.membership.Membership",
        "KindEnum": "chat.models.ConversationKind",
        "MessageKindEnum": "chat.models.MessageKind",
        "EventKindEnum": "receipts.models.EventKind",
        "WebhookKindEnum": "receipts.api.webhooks.WEBHOOK_KINDS",
    },
    "AUTHENTICATION_WHITELIST": ["chat.authentication.BearerAuthentication"],
}
