"""What becomes of deliveries: in order for each endpoint, until they are taken, at least once.

An endpoint's cursor moves when it has taken what came before. What it does not take is offered
again, later and later, and after ``WEBHOOKS_GIVE_UP_HOURS`` of failures it is disabled.

Whoever delivers has claimed the endpoint, and writes what became of it only while that holds: a
worker that was taken for dead, and was not, does not set back the one that took over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from random import uniform
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Q
from django.utils import timezone

from receipts.feed.reading import of_everybody
from receipts.models import WebhookEndpoint
from receipts.models.webhook import WebhookQuerySet, unblemished
from receipts.webhooks.addresses import Refused
from receipts.webhooks.offering import EVENTS_AT_ONCE, Offer, next_offer, place_of, wants
from receipts.webhooks.posting import Failed, post

logger = logging.getLogger("seenby.webhooks")

#: So many deliveries are made to one endpoint before another one's turn.
DELIVERIES_AT_ONCE = 20
#: A worker that is not heard of for so long has died. It is heard of after each delivery, which
#: takes 20 seconds at most (``posting``), and a slow look-up of the name before.
CLAIM = timedelta(minutes=2)
#: How far an endpoint has been told without anything for it is noted so often, so that its cursor
#: does not expire.
NOTED_SECONDS = 600
#: The first pause after a failure, doubled with each further one, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3_600.0


def due() -> list[WebhookEndpoint]:
    """The endpoints that may be told now: not disabled, not failing just now, nobody at them."""
    owned = Q(owner__is_active=True, owner__is_service=True)
    return list(_free().filter(owned).select_related("owner"))


def _free() -> WebhookQuerySet:
    now = timezone.now()
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return WebhookEndpoint.objects.filter(unclaimed, disabled_at=None, try_at__lte=now)


def has_news(endpoint: WebhookEndpoint) -> bool:
    """Whether to deliver anything. Where there is nothing, that is noted now and then."""
    position, missed = place_of(endpoint)
    page = of_everybody(position, EVENTS_AT_ONCE)
    # At the end of a look in pages it is not known what has come since it began.
    unknown = page.more or bool(position.until)
    if missed or unknown or any(wants(endpoint, event.kind) for event in page.events):
        return True
    if page.position.taken_at - position.taken_at >= NOTED_SECONDS:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, cursor=endpoint.cursor).update(
            cursor=page.position.cursor(endpoint.owner.username)
        )
    return False


def deliver(endpoint: WebhookEndpoint, go_on: Callable[[], bool] = lambda: True) -> int:
    """Tell an endpoint what is new, unless another worker is at it; how many deliveries it took.

    Fewer than ``DELIVERIES_AT_ONCE`` means that it has been told everything, or failed.
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
    """Offer what comes next, and give back what was taken; None, and a note, where it was not."""
    try:
        offer = next_offer(held)
        if offer.body is not None:
            post(held.url, held.secret, offer.delivery, offer.body, attempt=held.failures)
        return offer
    except (Refused, Failed) as error:
        reason = str(error)
    except DatabaseError:
        raise
    except Exception as error:
        # One endpoint's trouble, whatever it is, must not be that of all.
        logger.exception("Webhook %s could not be told.", held.pk)
        reason = f"{type(error).__name__}; the log of the worker has more."
    _failed(held, reason)
    return None


def _hold(pk: int, these: WebhookQuerySet, **fields: Any) -> WebhookEndpoint | None:
    """Claim an endpoint for some time, and note ``fields``, if it still is among ``these``.

    As it is now: it may have been changed since.
    """
    until = timezone.now() + CLAIM
    if not these.filter(pk=pk).update(claimed_until=until, **fields):
        return None
    mine = WebhookEndpoint.objects.filter(pk=pk, claimed_until=until)
    return mine.select_related("owner").first()


def _ours(held: WebhookEndpoint) -> WebhookQuerySet:
    """The endpoint, while the claim on it holds."""
    return WebhookEndpoint.objects.filter(pk=held.pk, claimed_until=held.claimed_until)


def _may_be_told(held: WebhookEndpoint) -> bool:
    return held.is_active and held.owner.is_active and held.owner.is_service


def _after(held: WebhookEndpoint, offer: Offer) -> dict[str, Any]:
    """What to note of an endpoint that has taken everything up to here."""
    if offer.body is None:
        return {"cursor": offer.cursor}
    if held.failures:
        logger.info("Webhook %s takes deliveries again, after %s failures.", held.pk, held.failures)
    return {"cursor": offer.cursor, "delivered_at": timezone.now(), **unblemished()}


def _failed(held: WebhookEndpoint, reason: str) -> None:
    """Try again later, or not at all any more."""
    now = timezone.now()
    since = held.failing_since or now
    pause = min(FIRST_PAUSE * 2 ** min(held.failures, 20), LONGEST_PAUSE)
    given_up = now - since >= timedelta(hours=settings.WEBHOOKS_GIVE_UP_HOURS)
    outlook = "switched off" if given_up else f"tried again in about {pause:.0f} s"
    logger.warning("Webhook %s failed: %s It is %s.", held.pk, reason, outlook)
    _ours(held).update(
        failures=held.failures + 1,
        failing_since=since,
        last_error=reason[:300],
        try_at=now + timedelta(seconds=pause * uniform(0.8, 1.2)),  # noqa: S311
    )
    if given_up:
        _ours(held).switch_off()
