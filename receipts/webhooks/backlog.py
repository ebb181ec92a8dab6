"""How far behind the deliveries to endpoints are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from receipts.feed.reading import of_everybody
from receipts.models import WebhookEndpoint
from receipts.webhooks.offering import EVENTS_PER_DELIVERY, place_of, wants

#: States of an endpoint.
DELIVERING, FAILING, DISABLED = "delivering", "failing", "disabled"
#: The backlog of at most this many endpoints is counted: two statements each.
MOST_ENDPOINTS = 100


def backlogs() -> Iterator[tuple[str, float]]:
    """Of each endpoint its state, and for how many seconds its oldest event has been waiting."""
    now = timezone.now()
    endpoints = WebhookEndpoint.objects.select_related("owner").order_by("disabled_at", "pk")
    for number, endpoint in enumerate(endpoints):
        if not endpoint.is_active:
            yield DISABLED, 0.0
            continue
        state = FAILING if endpoint.failing_since else DELIVERING
        since = _oldest(endpoint) if number < MOST_ENDPOINTS else endpoint.failing_since
        yield state, max((now - since).total_seconds(), 0.0) if since else 0.0


def _oldest(endpoint: WebhookEndpoint) -> datetime | None:
    """When the oldest event was written that the endpoint wants and has not accepted."""
    page = of_everybody(place_of(endpoint)[0], EVENTS_PER_DELIVERY)
    waiting = (event.created_at for event in page.events if wants(endpoint, event.kind))
    return next(waiting, endpoint.failing_since)
