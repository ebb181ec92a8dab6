"""Settings of REST framework."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "chat.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["chat.permissions.IsKnown"],
    "DEFAULT_THROTTLE_CLASSES": ["receipts.api.throttles.CallerThrottle"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PARSER_CLASSES": ["receipts.api.rest.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["receipts.api.rest.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "receipts.api.negotiation.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "receipts.api.schema.Schema",
    "EXCEPTION_HANDLER": "receipts.api.rest.exception_handler",
    # No description of the API at OPTIONS; the format is chosen by the Accept header only.
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
}
