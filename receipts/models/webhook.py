"""Where backends want to be told of what happens."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils import timezone

from chat.models import User


def new_secret() -> str:
    """256 random bits, recognisable for what they are."""
    return f"whsec_{secrets.token_urlsafe(32)}"


class WebhookQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Switching off and on."""

    def switch_off(self) -> int:
        """Send nothing more; how many that changed."""
        return self.filter(disabled_at=None).update(disabled_at=timezone.now())

    def switch_on(self) -> int:
        """Go on from where it was, at once; how many that changed."""
        return self.exclude(disabled_at=None).update(disabled_at=None, **unblemished())


class WebhookEndpoint(models.Model):
    """An address of an application's backend, how far it has been told, and how that goes."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField(max_length=500)
    #: Signs what is sent, so it is kept as it is; shown once.
    secret = models.CharField(max_length=60, default=new_secret, editable=False)
    #: The kinds of events that are sent; all of them where it is empty.
    kinds = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: How far the endpoint has been told, as a cursor of its owner's feed.
    cursor = models.TextField(editable=False)
    delivered_at = models.DateTimeField(null=True, editable=False)
    #: Failures in a row: how many, since when, what the last one was, and when to try again.
    failures = models.IntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    try_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Set when it has failed for too long, or by its owner; nothing is sent then.
    disabled_at = models.DateTimeField(null=True, editable=False)
    #: A worker is at it until then, and knows by this very time that it still is; one that died
    #: lets go of it so.
    claimed_until = models.DateTimeField(null=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        """Whether anything is sent there."""
        return self.disabled_at is None


def unblemished() -> dict[str, Any]:
    """The fields of an endpoint that has not failed, and is to be told at once."""
    return {"failures": 0, "failing_since": None, "last_error": "", "try_at": timezone.now()}
