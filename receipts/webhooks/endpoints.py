"""What the owner of a webhook does with it: registers, changes, tries, switches and removes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.errors import Conflict, Invalid
from chat.models import User
from chat.sealing import BadSeal, is_sealed_with_current_key, unseal
from receipts.feed.positions import newest_position
from receipts.models import WebhookEndpoint
from receipts.models.webhook import (
    SECRET_PURPOSE,
    new_sealed_secret,
    seal_secret,
    unblemished,
)
from receipts.webhooks.addresses import AddressRefused, check

#: Hours for which a replaced secret signs beside the new one: unless asked otherwise, and at most.
OVERLAP_HOURS, MOST_OVERLAP_HOURS = 24, 168


def register_endpoint(*, owner: User, url: str, **fields: Any) -> WebhookEndpoint:
    """Register an address, which is sent the events from now on.

    Raises ``Invalid`` where nothing may be sent to the address.
    """
    _check(url)
    cursor = newest_position().cursor(owner.username)
    return WebhookEndpoint.objects.create(owner=owner, cursor=cursor, url=url, **fields)


def change(
    endpoint: WebhookEndpoint,
    *,
    is_active: bool | None = None,
    **fields: Any,
) -> None:
    """Change ``url`` or ``kinds``, switch it off or on.

    Only the database is changed, not ``endpoint``. With a new address earlier failures are
    forgotten. Raises ``Invalid`` where nothing may be sent to the address.
    """
    if "url" in fields:
        _check(fields["url"])
    if fields.get("url", endpoint.url) != endpoint.url:
        fields |= unblemished()
    with transaction.atomic():
        if fields:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**fields)
        if is_active is not None:
            switch(endpoint, on=is_active)


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint, *, overlap_hours: int = OVERLAP_HOURS) -> str:
    """Replace the secret, and return the new one, which is shown nowhere else.

    The old one signs beside it for ``overlap_hours``. One that was replaced before ends now. Of an
    old one that cannot be read, nothing is kept.
    """
    stored = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    stored.sealed_previous_secret, stored.previous_until = "", None
    if overlap_hours and _is_readable(stored.sealed_secret):
        stored.sealed_previous_secret = stored.sealed_secret
        stored.previous_until = timezone.now() + timedelta(hours=overlap_hours)
    stored.sealed_secret = new_sealed_secret()
    stored.save(update_fields=["sealed_secret", "sealed_previous_secret", "previous_until"])
    return stored.secret


def _is_readable(sealed: str) -> bool:
    try:
        unseal(SECRET_PURPOSE, sealed)
    except BadSeal:
        return False
    return True


def reseal_secrets() -> None:
    """Seal all secrets with the current ``SECRET_KEY``, which those before it are needed for."""
    names = ("sealed_secret", "sealed_previous_secret")
    for pk, *stored in WebhookEndpoint.objects.values_list("pk", *names):
        for name, sealed in zip(names, stored, strict=True):
            if is_sealed_with_current_key(SECRET_PURPOSE, sealed) or not _is_readable(sealed):
                continue
            anew = seal_secret(unseal(SECRET_PURPOSE, sealed))
            # A secret that was replaced meanwhile stays.
            WebhookEndpoint.objects.filter(pk=pk, **{name: sealed}).update(**{name: anew})


def ask_for_ping(endpoint: WebhookEndpoint) -> None:
    """Have a worker send a ping at once, also to an endpoint that waits after a failure.

    Raises ``Conflict`` for one that is switched off.
    """
    now = timezone.now()
    these = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
    if not these.update(ping_at=now, try_at=now):
        raise Conflict("This webhook is switched off, so nothing is sent to it.")


def switch(endpoint: WebhookEndpoint, *, on: bool) -> bool:
    """Switch an endpoint on, which continues from its cursor, or off; whether that changed it."""
    this = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    return bool(this.switch_on() if on else this.switch_off())


def remove(endpoint: WebhookEndpoint) -> None:
    """Delete an endpoint; nothing more is sent."""
    endpoint.delete()


def _check(url: str) -> None:
    try:
        check(url)
    except AddressRefused as error:
        raise Invalid("url", str(error)) from error
