"""One look at the feed for one listener: what they have not been told, coalesced and in words."""

from __future__ import annotations

from dataclasses import dataclass

from chat.models import User
from receipts.feed import reading
from receipts.feed.positions import Position
from receipts.feed.telling import Told, tell


@dataclass(frozen=True)
class Listener:
    """Who is told: a person their own, a service account everything but what people read."""

    pk: int
    username: str
    is_service: bool

    @classmethod
    def of(cls, user: User) -> Listener:
        return cls(user.pk, user.username, user.is_service)


@dataclass(frozen=True)
class Look:
    """What a listener is told, how far that goes, and whether there may be more already.

    Pages go to where their first one found the feed. What has come since is behind the last one.
    """

    told: list[Told]
    position: Position
    more: bool


def look(listener: Listener, position: Position, limit: int) -> Look:
    """What happened after ``position``, from at most ``limit`` events."""
    if listener.is_service:
        page = reading.of_everybody(position, limit)
    else:
        page = reading.of_user(position, listener.pk, limit)
    told = tell((listener.pk, event) for event in page.events).get(listener.pk, [])
    return Look(told, page.position, page.more or bool(position.until))
