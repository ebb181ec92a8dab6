"""Settings of drf-spectacular for the OpenAPI document and its page."""

from __future__ import annotations

from typing import Any

from chat.ids import MAX_ID, MAX_USERNAME
from config.version import VERSION
from receipts.api.components import COMPONENTS

_ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}

#: The first word of each address, and what is below it.
_TAGS = {
    "conversations": "Conversations, with their participants and messages.",
    "events": "What happened since: as a live stream or in pages.",
    "insights": "Delivery and read rates and times, by day.",
    "me": "The caller's own profile, privacy switches and marks.",
    "messages": "One message: its text, its receipts, and marks of it.",
    "receipts": "Summaries of many messages, and marks in many conversations.",
    "users": "The people of an application; for its backend.",
    "webhooks": "Where events are delivered to; for backends.",
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Seenby",
    "DESCRIPTION": "Who got this message, and who has read it?",
    "VERSION": VERSION,
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/", "description": "The server that this document comes from."}],
    "TAGS": [{"name": name, "description": text} for name, text in _TAGS.items()],
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # the bodies of changes have shapes of their own
    "APPEND_COMPONENTS": COMPONENTS,
    "WEBHOOKS": ["receipts.api.webhook_schema.DELIVERY"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "receipts.api.webhook_schema.complete",
        "receipts.api.schema.polished",
    ],
    "GET_LIB_DOC_EXCLUDES": "receipts.api.schema.undocumented",
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
    "ENUM_SUFFIX": "",
    "ENUM_NAME_OVERRIDES": {
        "Share": "receipts.api.shapes.SHARES",
        "State": "receipts.rules.status.State",
        "Membership": "receipts.rules.membership.Membership",
        "ConversationKind": "chat.models.ConversationKind",
        "MessageKind": "chat.models.MessageKind",
        "BatchResultKind": "receipts.api.batch.RESULTS",
        "SummaryRefusal": "receipts.api.receipts.REFUSALS",
        "WebhookKind": "receipts.api.webhooks.WEBHOOK_KINDS",
    },
    "AUTHENTICATION_WHITELIST": ["chat.authentication.BearerAuthentication"],
}
