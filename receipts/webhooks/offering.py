"""What an endpoint is sent next: what it has not accepted yet, in a body of limited size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import orjson

from receipts.feed.looking import Listener, Look, look
from receipts.feed.positions import BadCursor, CursorExpired, Position, newest_position, position_of
from receipts.feed.reading import check_not_expired
from receipts.models import WebhookEndpoint

#: At most this many events are read for one delivery.
EVENTS_PER_DELIVERY = 100
#: The kind of the event by which an owner tries an endpoint; it stands in no feed.
PING = "ping"
#: The largest body, unless a single event exceeds it: below the default limits of web servers.
MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Offer:
    """One delivery, and the cursor after it; no ``body`` means no events for this endpoint.

    The same ``delivery`` means the same content after the same cursor: a receiver that has
    processed it can ignore the repetition.
    """

    delivery: str
    body: bytes | None
    cursor: str
    more: bool
    #: Of a ping: when it was requested.
    ping_at: datetime | None = None


def next_offer(endpoint: WebhookEndpoint) -> Offer:
    """A ping if one was requested, else what follows the endpoint's cursor.

    After failures it is smaller, in case the last body was too large for the endpoint.
    """
    if endpoint.ping_at:
        return _ping(endpoint, endpoint.ping_at)
    position, missed = place_of(endpoint)
    limit = max(1, EVENTS_PER_DELIVERY >> endpoint.failures)
    while True:
        offer = _offer(endpoint, look(Listener.of(endpoint.owner), position, limit), missed)
        if limit == 1 or len(offer.body or b"") <= MOST_BYTES:
            return offer
        limit //= 2


def place_of(endpoint: WebhookEndpoint) -> tuple[Position, bool]:
    """The position to continue from, and whether events before it are lost (``missed``)."""
    try:
        position = position_of(endpoint.cursor, endpoint.owner.username)
        check_not_expired(position)
    except (BadCursor, CursorExpired):
        return newest_position(), True
    return position, False


def wants(endpoint: WebhookEndpoint, kind: str) -> bool:
    """Whether the endpoint subscribed to this kind of event; if it names none, to all."""
    return not endpoint.kinds or kind in endpoint.kinds


def _ping(endpoint: WebhookEndpoint, at: datetime) -> Offer:
    """One event by itself, before all that waits; it moves no cursor."""
    told = orjson.dumps([{"kind": PING, "at": at}], option=orjson.OPT_UTC_Z)
    delivery, body = _content(endpoint, told, endpoint.cursor, missed=False)
    return Offer(delivery, body, endpoint.cursor, more=True, ping_at=at)


def _offer(endpoint: WebhookEndpoint, found: Look, missed: bool) -> Offer:
    events = [each for each in found.told if wants(endpoint, each["kind"])]
    cursor = found.position.cursor(endpoint.owner.username)
    if not events and not missed:
        return Offer("", None, cursor, found.more)
    told = orjson.dumps(events, option=orjson.OPT_UTC_Z)
    delivery, body = _content(endpoint, told, cursor, missed=missed)
    return Offer(delivery, body, cursor, found.more)


def _content(
    endpoint: WebhookEndpoint, told: bytes, cursor: str, *, missed: bool
) -> tuple[str, bytes]:
    """The id of a delivery, by its events and the cursor before them, and its body."""
    digest = hashlib.sha256(b"%d %b " % (endpoint.pk, endpoint.cursor.encode()) + told)
    delivery = digest.hexdigest()[:32]
    content = {
        "webhook": endpoint.pk,
        "delivery": delivery,
        "missed": missed,
        "cursor": cursor,
        "events": orjson.Fragment(told),
    }
    return delivery, orjson.dumps(content)
