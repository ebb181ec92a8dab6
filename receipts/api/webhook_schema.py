"""The request that a webhook receives, for the section ``webhooks`` of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema

from receipts.api.event_shapes import Delivery

_SIGNED = "the webhook's secret, and changes with every attempt"
#: What the request's headers are.
_HEADERS = {
    "Seenby-Delivery": "The id of this delivery, as in the body.",
    "Seenby-Signature": f"`t=` a Unix time, `,v1=` the signature (HMAC-SHA256) by {_SIGNED}.",
    "webhook-id": "The id of this delivery, as Standard Webhooks names it.",
    "webhook-timestamp": "When this attempt was made, as a Unix time.",
    "webhook-signature": f"`v1,` and the signature of Standard Webhooks by {_SIGNED}; "
    "several, separated by blanks, while a secret is replaced.",
}

DELIVERY = OpenApiWebhook(
    name="events",
    decorator=extend_schema(
        operation_id="receive_events",
        summary="Events for your backend",
        description="Sent to the URL of a webhook (`POST /webhooks/`), in order, each event at "
        "least once. Verify the signature over the raw body. Answer with any status from 200 to "
        "299 within ten seconds; anything else is tried again later.",
        tags=["webhooks"],
        request=Delivery,
        responses={"2XX": OpenApiResponse(description="Accepted; the body is not read.")},
    ),
)


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook of drf-spectacular, which gives a webhook no headers and no ``security``."""
    operation = result["webhooks"][DELIVERY.name]["post"]
    operation["security"] = []
    operation["parameters"] = [
        {
            "in": "header",
            "name": name,
            "description": description,
            "required": True,
            "schema": {"type": "string"},
        }
        for name, description in _HEADERS.items()
    ]
    return result
