"""The endpoints of backends that receive events."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils import timezone

from chat.models import User


def new_secret() -> str:
    """256 random bits, with a recognisable prefix."""
    return f"whsec_{secrets.token_urlsafe(32)}"


class WebhookQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Disabling and enabling."""

    def switch_off(self) -> int:
        """Disable the endpoints; returns how many were changed."""
        return self.filter(disabled_at=None).update(disabled_at=timezone.now())

    def switch_on(self) -> int:
        """Enable the endpoints, which continue from their cursors; returns how many changed."""
        return self.exclude(disabled_at=None).update(disabled_at=None, **unblemished())


class WebhookEndpoint(models.Model):
    """A URL of an application's backend, how far events were delivered to it, and its failures."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField(max_length=500)
    #: Signs what is sent, so it is stored in plain text; shown once.
    secret = models.CharField(max_length=60, default=new_secret, editable=False)
    #: The kinds of events that are sent; empty means all.
    kinds = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: How far events were delivered, as a cursor of the owner's feed.
    cursor = models.TextField(editable=False)
    delivered_at = models.DateTimeField(null=True, editable=False)
    #: Consecutive failures: how many, since when, the last error, and when to try again.
    failures = models.IntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    try_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Set after it has failed for too long, or by its owner; then nothing is sent.
    disabled_at = models.DateTimeField(null=True, editable=False)
    #: Until when a worker has claimed it; by this exact time the worker recognises its claim, and
    #: the claim of a worker that died expires.
    claimed_until = models.DateTimeField(null=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        """Whether events are sent to it."""
        return self.disabled_at is None


def unblemished() -> dict[str, Any]:
    """The fields of an endpoint that has not failed and can be delivered to at once."""
    return {"failures": 0, "failing_since": None, "last_error": "", "try_at": timezone.now()}
