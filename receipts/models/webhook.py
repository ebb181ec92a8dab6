"""The endpoints of backends that receive events."""

from __future__ import annotations

import secrets
from base64 import b64encode
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from chat.models import User
from chat.sealing import BadSeal, seal, unseal

#: What the secrets are sealed for.
SECRET_PURPOSE = "receipts.webhook.secret"  # noqa: S105


def new_secret() -> str:
    """256 random bits as Standard Webhooks writes a secret: a prefix, and plain base64."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def seal_secret(secret: str) -> str:
    """A secret as it is stored."""
    return seal(SECRET_PURPOSE, secret)


def new_sealed_secret() -> str:
    """A new secret as it is stored."""
    return seal_secret(new_secret())


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
    #: The secret that signs what is sent, and the one before it, which signs beside it for a time
    #: so that its owner can replace it without losing a delivery. Encrypted (``chat/sealing.py``).
    sealed_secret = models.TextField(default=new_sealed_secret, editable=False)
    sealed_previous_secret = models.TextField(blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
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
    #: When its owner asked for a ping that it has not accepted yet.
    ping_at = models.DateTimeField(null=True, editable=False)
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

    @property
    def secret(self) -> str:
        """The current secret; raises ``BadSeal`` if ``SECRET_KEY`` is another one."""
        return unseal(SECRET_PURPOSE, self.sealed_secret)

    @property
    def previous_secret_until(self) -> datetime | None:
        """Until when the previous secret signs, too; None if it does not."""
        until = self.previous_until
        return until if until is not None and until > timezone.now() else None

    @property
    def signing_secrets(self) -> list[str]:
        """The secrets that sign now, the current one first; raises ``BadSeal`` for that one."""
        found = [self.secret]
        if self.previous_secret_until:
            with suppress(BadSeal):  # its owner has replaced it because of that
                found.append(unseal(SECRET_PURPOSE, self.sealed_previous_secret))
        return found


def unblemished() -> dict[str, Any]:
    """The fields of an endpoint that has not failed and can be delivered to at once."""
    return {"failures": 0, "failing_since": None, "last_error": "", "try_at": timezone.now()}
