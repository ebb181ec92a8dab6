"""Polls the feed for one listener: unpublished events, coalesced and as JSON-ready dicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chat.models import User
from receipts.feed import reading
from receipts.feed.event import FeedEvent
from receipts.feed.positions import Position
from receipts.feed.telling import Told, tell
from receipts.models import ACCOUNT_CLOSED


@dataclass(frozen=True)
class Listener:
    """A user receives their own events, a service account all except users' own reads."""

    pk: int
    username: str
    is_service: bool

    @classmethod
    def of(cls, user: User) -> Listener:
        return cls(user.pk, user.username, user.is_service)


@dataclass(frozen=True)
class Look:
    """Events for a listener, the position after them, and whether there may be more already.

    Pages end where the feed was at the first page. Later events come after the last page.
    """

    told: list[Told]
    position: Position
    more: bool
    #: Whether the listener's account was closed.
    closed: bool = False


def look(listener: Listener, position: Position, limit: int) -> Look:
    """The events after ``position``, coalesced from at most ``limit`` rows."""
    if listener.is_service:
        page = reading.of_everybody(position, limit)
    else:
        page = reading.of_user(position, listener.pk, limit)
    closed = bool(closed_accounts(page.events))
    events = [] if closed else page.events
    told = tell((listener.pk, event) for event in events).get(listener.pk, [])
    return Look(told, page.position, page.more or bool(position.until), closed)


def closed_accounts(events: Iterable[FeedEvent]) -> frozenset[int]:
    """The users whose accounts were closed, and not opened again: their connections end."""
    closed = {
        event.audience_id
        for event in events
        if event.kind == ACCOUNT_CLOSED and event.audience_id is not None
    }
    if not closed:
        return frozenset()
    found = User.objects.filter(pk__in=closed, is_active=False)
    return frozenset(found.values_list("pk", flat=True))
