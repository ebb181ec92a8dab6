"""Deletes old events; a client that was away for longer must reload everything."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from receipts.feed.cluster import newest_events
from receipts.models import DevicePosition, EventHorizon, ReceiptEvent, StreamTicket
from receipts.sql.distributed import is_distributed

#: At most this many events are read in one transaction.
BATCH = 10_000


def prune_events() -> int:
    """Delete events older than ``EVENTS_RETENTION_DAYS``; return their number.

    The positions of devices that were away for as long go, too: there is nothing to continue. So do
    tickets that were never used.
    Safe to run at any time, and on several servers at once.
    """
    cutoff = timezone.now() - timedelta(days=settings.EVENTS_RETENTION_DAYS)
    DevicePosition.objects.filter(updated_at__lt=cutoff).delete()
    StreamTicket.objects.filter(expires_at__lt=timezone.now()).delete()
    pruned = 0
    while batch := _oldest(cutoff):
        with transaction.atomic():
            # Before the events, so that no cursor is accepted that would miss one.
            EventHorizon.objects.get_or_create(pk=1, defaults={"pruned_before": cutoff})
            EventHorizon.objects.filter(pruned_before__lt=cutoff).update(pruned_before=cutoff)
            pruned += ReceiptEvent.objects.filter(pk__in=batch).delete()[0]
    return pruned


def _oldest(cutoff: datetime) -> list[int]:
    """Ids of some old events: on one node, ids and times are in almost the same order."""
    if not is_distributed():
        return _old(ReceiptEvent.objects.order_by("pk"), cutoff)
    for node, _ in newest_events():
        if old := _old(ReceiptEvent.objects.filter(node=node).order_by("xid", "pk"), cutoff):
            return old
    return []


def _old(events: QuerySet[ReceiptEvent], cutoff: datetime) -> list[int]:
    """Those of the first events that are old."""
    first = events.values_list("pk", "created_at")[:BATCH]
    return [pk for pk, created_at in first if created_at < cutoff]
