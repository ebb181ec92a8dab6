"""Events are kept for some days; who was away for longer loads everything anew."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from receipts.models import EventHorizon, ReceiptEvent

#: So many events are looked at in one transaction.
BATCH = 10_000


def prune_events() -> int:
    """Delete what is older than ``EVENTS_RETENTION_DAYS``; how many events that were.

    Safe beside everything else, and anywhere at the same time.
    """
    cutoff = timezone.now() - timedelta(days=settings.EVENTS_RETENTION_DAYS)
    pruned = 0
    while batch := _oldest(cutoff):
        with transaction.atomic():
            # Before the events, so that no cursor passes that would miss one.
            EventHorizon.objects.get_or_create(pk=1, defaults={"pruned_before": cutoff})
            EventHorizon.objects.filter(pruned_before__lt=cutoff).update(pruned_before=cutoff)
            pruned += ReceiptEvent.objects.filter(pk__in=batch).delete()[0]
    return pruned


def _oldest(cutoff: datetime) -> list[int]:
    """The first events that are old enough: numbers and times go up together, nearly."""
    first = ReceiptEvent.objects.order_by("pk").values_list("pk", "created_at")[:BATCH]
    return [pk for pk, created_at in first if created_at < cutoff]
