"""What becomes of deliveries: in order for each endpoint, until they are taken, at least once.

An endpoint's cursor moves when it has taken what came before. What it does not take is offered
again, later and later, and after ``WEBHOOKS_GIVE_UP_HOURS`` of failures it is disabled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from random import uniform
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from receipts.feed.looking import Listener, Look, look
from receipts.feed.positions import BadCursor, CursorExpired, Position, newest_position, position_of
from receipts.feed.reading import check_not_expired
from receipts.models import WebhookEndpoint
from receipts.webhooks.addresses import Refused
from receipts.webhooks.posting import Failed, post

logger = logging.getLogger("seenby.webhooks")

#: So many events at most are looked at for one delivery.
EVENTS_AT_ONCE = 100
#: So many deliveries are made to one endpoint before another one's turn.
DELIVERIES_AT_ONCE = 20
#: A worker that is not heard of for so long has died. Longer than a turn can take.
CLAIM = timedelta(minutes=10)
#: How far an endpoint has been told without anything for it is noted so often, so that its cursor
#: does not expire.
NOTED_SECONDS = 600
#: The first pause after a failure, doubled with each further one, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3_600.0


def due() -> list[WebhookEndpoint]:
    """The endpoints whose turn it is: not disabled, not failing just now, nobody at them."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return list(
        WebhookEndpoint.objects.filter(
            free, disabled_at=None, try_at__lte=now, owner__is_active=True
        ).select_related("owner")
    )


def deliver(endpoint: WebhookEndpoint, go_on: Callable[[], bool] = lambda: True) -> int:
    """Tell an endpoint what is new, unless another worker is at it; how many deliveries it took."""
    if not _has_news(endpoint):
        return 0
    now = timezone.now()
    mine = WebhookEndpoint.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now), pk=endpoint.pk, disabled_at=None
    )
    if not mine.update(claimed_until=now + CLAIM):
        return 0
    try:
        endpoint.refresh_from_db(fields=["cursor", "failures", "failing_since"])
        return _deliver_all(endpoint, go_on)
    finally:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(claimed_until=None)


def _has_news(endpoint: WebhookEndpoint) -> bool:
    """Whether there is anything to deliver. Where there is not, that is noted now and then."""
    position, missed = _position(endpoint)
    found = look(Listener.of(endpoint.owner), position, EVENTS_AT_ONCE)
    if missed or found.more or _wanted(endpoint, found):
        return True
    if found.position.taken_at - position.taken_at >= NOTED_SECONDS:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, cursor=endpoint.cursor).update(
            cursor=found.position.cursor(endpoint.owner.username)
        )
    return False


def _wanted(endpoint: WebhookEndpoint, found: Look) -> list[dict[str, Any]]:
    """Of what happened, the kinds that the endpoint asked for."""
    return [each for each in found.told if not endpoint.kinds or each["kind"] in endpoint.kinds]


def _deliver_all(endpoint: WebhookEndpoint, go_on: Callable[[], bool]) -> int:
    listener = Listener.of(endpoint.owner)
    position, missed = _position(endpoint)
    taken, more = 0, True
    while more and taken < DELIVERIES_AT_ONCE and go_on():
        found = look(listener, position, EVENTS_AT_ONCE)
        events = _wanted(endpoint, found)
        if events or missed:
            try:
                post(endpoint.url, endpoint.secret, _body(endpoint, found, events, missed))
            except (Refused, Failed) as error:
                _failed(endpoint, str(error))
                return taken
            taken, missed = taken + 1, False
        _told(endpoint, found.position)
        position, more = found.position, found.more
    return taken


def _position(endpoint: WebhookEndpoint) -> tuple[Position, bool]:
    """Where to go on, and whether events before that are lost, of which it is told."""
    try:
        position = position_of(endpoint.cursor, endpoint.owner.username)
        check_not_expired(position)
    except (BadCursor, CursorExpired):
        return newest_position(), True
    return position, False


def _body(
    endpoint: WebhookEndpoint, found: Look, events: list[dict[str, Any]], missed: bool
) -> bytes:
    return orjson.dumps(
        {
            "webhook": endpoint.pk,
            "cursor": found.position.cursor(endpoint.owner.username),
            "missed": missed,
            "events": events,
        },
        option=orjson.OPT_UTC_Z,
    )


def _told(endpoint: WebhookEndpoint, position: Position) -> None:
    """The endpoint has taken everything up to here."""
    now = timezone.now()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        cursor=position.cursor(endpoint.owner.username),
        delivered_at=now,
        claimed_until=now + CLAIM,
        failures=0,
        failing_since=None,
        last_error="",
    )


def _failed(endpoint: WebhookEndpoint, reason: str) -> None:
    """Try again later, or not at all any more."""
    now = timezone.now()
    since = endpoint.failing_since or now
    pause = min(FIRST_PAUSE * 2 ** min(endpoint.failures, 20), LONGEST_PAUSE)
    given_up = now - since >= timedelta(hours=settings.WEBHOOKS_GIVE_UP_HOURS)
    logger.warning("Webhook %s failed%s: %s", endpoint.pk, " for good" if given_up else "", reason)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=endpoint.failures + 1,
        failing_since=since,
        last_error=reason[:300],
        try_at=now + timedelta(seconds=pause * uniform(0.8, 1.2)),  # noqa: S311
        disabled_at=now if given_up else None,
    )
