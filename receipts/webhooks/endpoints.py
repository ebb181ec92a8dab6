"""What the owner of a webhook does with it: registers, changes, switches and removes it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chat.errors import Invalid
from chat.models import User
from receipts.feed.positions import newest_position
from receipts.models import WebhookEndpoint
from receipts.models.webhook import new_secret, unblemished
from receipts.webhooks.addresses import AddressRefused, check


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
    rotate_secret: bool = False,
    **fields: Any,
) -> None:
    """Change ``url`` or ``kinds``, replace the secret, switch it off or on.

    Only the database is changed, not ``endpoint``. With a new address earlier failures are
    forgotten. Raises ``Invalid`` where nothing may be sent to the address.
    """
    if "url" in fields:
        _check(fields["url"])
    if fields.get("url", endpoint.url) != endpoint.url:
        fields |= unblemished()
    if rotate_secret:
        fields["secret"] = new_secret()
    with transaction.atomic():
        if fields:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**fields)
        if is_active is not None:
            switch(endpoint, on=is_active)


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
