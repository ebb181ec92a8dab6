"""Deliveries and their results: in order for each endpoint, retried until accepted, at least once.

An endpoint's cursor moves when it has accepted everything before. What it does not accept is
retried at growing intervals, and after ``WEBHOOKS_GIVE_UP_HOURS`` of failures it is disabled.

A worker claims an endpoint first, and records results only while its claim is valid: a worker
that was presumed dead, and was not, cannot overwrite the progress of the one that took over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from random import uniform
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Case, F, Q, When
from django.utils import timezone

from chat.sealing import BadSeal
from receipts.feed.reading import of_everybody
from receipts.models import WebhookEndpoint
from receipts.models.webhook import WebhookQuerySet, unblemished
from receipts.webhooks.addresses import AddressRefused
from receipts.webhooks.offering import EVENTS_PER_DELIVERY, Offer, next_offer, place_of, wants
from receipts.webhooks.posting import Failed, post

logger = logging.getLogger("seenby.webhooks")

#: At most this many deliveries to one endpoint before the next one's turn.
DELIVERIES_AT_ONCE = 20
#: A worker that has not renewed its claim for this long has died. It renews the claim after each
#: delivery, which takes at most 20 seconds (``posting``) after a possibly slow DNS lookup.
CLAIM = timedelta(minutes=2)
#: Seconds after which the cursor of an endpoint without deliveries is saved, so that it does not
#: expire.
NOTED_SECONDS = 600
#: Seconds: the first pause after a failure, doubled with each further one, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3_600.0


def due() -> list[WebhookEndpoint]:
    """The endpoints to deliver to now: not disabled, not waiting for a retry, not claimed."""
    owned = Q(owner__is_active=True, owner__is_service=True)
    return list(_free().filter(owned).select_related("owner"))


def _free() -> WebhookQuerySet:
    now = timezone.now()
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return WebhookEndpoint.objects.filter(unclaimed, disabled_at=None, try_at__lte=now)


def has_news(endpoint: WebhookEndpoint) -> bool:
    """Whether there is anything to deliver. If not, the cursor is saved from time to time."""
    if endpoint.ping_at:
        return True
    position, missed = place_of(endpoint)
    page = of_everybody(position, EVENTS_PER_DELIVERY)
    # After the last page of a read in pages, events may have been added since its start.
    unknown = page.more or bool(position.until)
    if missed or unknown or any(wants(endpoint, event.kind) for event in page.events):
        return True
    if page.position.taken_at - position.taken_at >= NOTED_SECONDS:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, cursor=endpoint.cursor).update(
            cursor=page.position.cursor(endpoint.owner.username)
        )
    return False


def deliver(endpoint: WebhookEndpoint, go_on: Callable[[], bool] = lambda: True) -> int:
    """Deliver what is new, unless another worker has claimed the endpoint; returns how many.

    Fewer than ``DELIVERIES_AT_ONCE`` means that nothing is left, or that the endpoint failed.
    """
    held, taken = _hold(endpoint.pk, _free()), 0
    try:
        while held and _may_be_told(held) and taken < DELIVERIES_AT_ONCE and go_on():
            offer = _offered(held)
            if offer is None:
                break
            taken += offer.body is not None
            held = _hold(held.pk, _ours(held), **_after(held, offer))
            if not offer.more:
                break
    finally:
        if held:
            _ours(held).update(claimed_until=None)
    return taken


def _offered(held: WebhookEndpoint) -> Offer | None:
    """Send the next offer and return it; if not accepted, record the failure and return None."""
    try:
        offer = next_offer(held)
        if offer.body is not None:
            secrets = held.signing_secrets
            post(held.url, secrets, offer.delivery, offer.body, attempt=held.failures)
        return offer
    except BadSeal:
        _cannot_sign(held)
        return None
    except (AddressRefused, Failed) as error:
        reason = str(error)
    except DatabaseError:
        raise
    except Exception as error:
        # No error of one endpoint, whatever it is, may stop deliveries to the others.
        logger.exception("Webhook %s: unexpected error.", held.pk)
        reason = f"{type(error).__name__}; see the worker's log for details."
    _failed(held, reason)
    return None


def _hold(pk: int, these: WebhookQuerySet, **fields: Any) -> WebhookEndpoint | None:
    """Claim an endpoint for ``CLAIM`` and save ``fields``, if it is still among ``these``.

    Returns it as stored now, since it may have changed; None if it was not claimed.
    """
    until = timezone.now() + CLAIM
    if not these.filter(pk=pk).update(claimed_until=until, **fields):
        return None
    mine = WebhookEndpoint.objects.filter(pk=pk, claimed_until=until)
    return mine.select_related("owner").first()


def _ours(held: WebhookEndpoint) -> WebhookQuerySet:
    """The endpoint, as long as our own claim on it is valid."""
    return WebhookEndpoint.objects.filter(pk=held.pk, claimed_until=held.claimed_until)


def _may_be_told(held: WebhookEndpoint) -> bool:
    return held.is_active and held.owner.is_active and held.owner.is_service


def _after(held: WebhookEndpoint, offer: Offer) -> dict[str, Any]:
    """The fields to save for an endpoint that has accepted ``offer``."""
    if offer.body is None:
        return {"cursor": offer.cursor}
    if held.failures:
        logger.info("Webhook %s accepts deliveries again; failures: %s.", held.pk, held.failures)
    fields = {"cursor": offer.cursor, "delivered_at": timezone.now(), **unblemished()}
    if offer.ping_at:  # one that was requested meanwhile is still to be sent
        fields["ping_at"] = Case(When(ping_at=offer.ping_at, then=None), default=F("ping_at"))
    return fields


def _cannot_sign(held: WebhookEndpoint) -> None:
    """Disable an endpoint whose secret was sealed with another ``SECRET_KEY``."""
    reason = (
        "Its secret cannot be read, since SECRET_KEY was changed without SECRET_KEY_FALLBACKS."
        " Rotate the secret and switch it on again."
    )
    logger.error("Webhook %s: %s Disabled.", held.pk, reason)
    _ours(held).update(last_error=reason)
    _ours(held).switch_off()


def _failed(held: WebhookEndpoint, reason: str) -> None:
    """Record a failure: retry later, or disable the endpoint."""
    now = timezone.now()
    since = held.failing_since or now
    pause = min(FIRST_PAUSE * 2 ** min(held.failures, 20), LONGEST_PAUSE)
    given_up = now - since >= timedelta(hours=settings.WEBHOOKS_GIVE_UP_HOURS)
    outlook = "Disabled" if given_up else f"Next attempt in about {pause:.0f} s"
    logger.warning("Webhook %s failed: %s %s.", held.pk, reason, outlook)
    _ours(held).update(
        failures=held.failures + 1,
        failing_since=since,
        last_error=reason[:300],
        try_at=now + timedelta(seconds=pause * uniform(0.8, 1.2)),  # noqa: S311
    )
    if given_up:
        _ours(held).switch_off()
