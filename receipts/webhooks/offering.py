"""What an endpoint is offered next: what it has not taken yet, in a body of bounded size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from receipts.feed.looking import Listener, Look, look
from receipts.feed.positions import BadCursor, CursorExpired, Position, newest_position, position_of
from receipts.feed.reading import check_not_expired
from receipts.models import WebhookEndpoint

#: So many events at most are looked at for one delivery.
EVENTS_AT_ONCE = 100
#: A body is no longer than that, unless a single event is: below what web servers take by default.
MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Offer:
    """One delivery, and how far it goes; without a body there is nothing for this endpoint in it.

    The same ``delivery`` means the same content after the same place: whoever has taken it need
    not look into it again.
    """

    delivery: str
    body: bytes | None
    cursor: str
    more: bool


def next_offer(endpoint: WebhookEndpoint) -> Offer:
    """What comes after the endpoint's cursor.

    What it did not take comes in smaller pieces, in case they were too much for it.
    """
    position, missed = place_of(endpoint)
    limit = max(1, EVENTS_AT_ONCE >> endpoint.failures)
    while True:
        offer = _offer(endpoint, look(Listener.of(endpoint.owner), position, limit), missed)
        if limit == 1 or len(offer.body or b"") <= MOST_BYTES:
            return offer
        limit //= 2


def place_of(endpoint: WebhookEndpoint) -> tuple[Position, bool]:
    """Where to go on, and whether events before that are lost, of which it is told."""
    try:
        position = position_of(endpoint.cursor, endpoint.owner.username)
        check_not_expired(position)
    except (BadCursor, CursorExpired):
        return newest_position(), True
    return position, False


def wants(endpoint: WebhookEndpoint, kind: str) -> bool:
    """Whether the endpoint asked for events of this kind: those it named, or all."""
    return not endpoint.kinds or kind in endpoint.kinds


def _offer(endpoint: WebhookEndpoint, found: Look, missed: bool) -> Offer:
    events = [each for each in found.told if wants(endpoint, each["kind"])]
    cursor = found.position.cursor(endpoint.owner.username)
    if not events and not missed:
        return Offer("", None, cursor, found.more)
    told = orjson.dumps(events, option=orjson.OPT_UTC_Z)
    delivery = hashlib.sha256(b"%d %b " % (endpoint.pk, endpoint.cursor.encode()) + told)
    content = {
        "webhook": endpoint.pk,
        "delivery": delivery.hexdigest()[:32],
        "missed": missed,
        "cursor": cursor,
        "events": orjson.Fragment(told),
    }
    return Offer(delivery.hexdigest()[:32], orjson.dumps(content), cursor, found.more)
