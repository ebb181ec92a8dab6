"""New events for all listeners connected to this process, found by one query for all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError

from chat.models import ConversationParticipant
from receipts.feed import reading
from receipts.feed.coalescing import Heard
from receipts.feed.encoding import SERVER_SENT_EVENTS, Encoding
from receipts.feed.event import FeedEvent
from receipts.feed.looking import Listener, closed_accounts
from receipts.feed.positions import Position, newest_position
from receipts.feed.telling import Told, tell
from receipts.models import ACCOUNT_CLOSED, EventKind

logger = logging.getLogger("seenby.feed")

#: At most this many events per pass, and at most this many deliveries; one message with 5,000
#: listeners is 5,000 deliveries.
EVENTS_PER_POLL = 1_000
TELLINGS_AT_ONCE = 10_000


@dataclass(frozen=True)
class News:
    """What is published to each listener, and the position after that."""

    position: Position
    more: bool
    #: In each encoding that connections use, by user id.
    written: dict[Encoding, Mapping[int, Any]] = field(default_factory=dict)
    #: The encodings that failed: their connections end, and continue from where they were.
    failed: frozenset[Encoding] = frozenset()
    #: The listeners whose accounts were closed.
    closed: frozenset[int] = frozenset()


def news(
    position: Position | None,
    listeners: dict[int, Listener],
    audiences: Mapping[Encoding, Set[int]],
) -> News:
    """The events after ``position`` that concern any of the listeners, written for them.

    ``audiences`` are the listeners by the encodings of their connections. Without a position, only
    events from now on.
    """
    if position is None:
        return News(newest_position(), more=False)
    users = {pk for pk, each in listeners.items() if not each.is_service}
    backends = len(users) < len(listeners)
    page = reading.of_listeners(position, EVENTS_PER_POLL, users, backends=backends)
    heard = list[Heard]()
    for number, (event, hearing) in enumerate(_hearing(page.events, listeners)):
        is_full = len(heard) + len(hearing) > TELLINGS_AT_ONCE
        if heard and is_full and page.may_end_before(number):
            page = page.first(number, position)
            break
        heard += [(pk, event) for pk in hearing]
    closed = closed_accounts(page.events).intersection(listeners)
    told = tell(heard) if heard else {}
    written, failed = _written(told, listeners, page.position, audiences)
    return News(page.position, page.more, written, failed, closed)


def _written(
    told: Mapping[int, list[Told]],
    listeners: Mapping[int, Listener],
    position: Position,
    audiences: Mapping[Encoding, Set[int]],
) -> tuple[dict[Encoding, Mapping[int, Any]], frozenset[Encoding]]:
    """The events in each encoding, and the encodings of vendors that failed to write them."""
    written: dict[Encoding, Mapping[int, Any]] = {}
    failed = set[Encoding]()
    for encoding, audience in audiences.items():
        theirs = {pk: each for pk, each in told.items() if pk in audience}
        try:
            written[encoding] = encoding.encode(theirs, listeners, position) if theirs else {}
        except (OperationalError, InterfaceError):
            raise  # the whole poll is repeated
        except Exception:
            if encoding is SERVER_SENT_EVENTS:
                raise
            logger.exception("Events could not be written for a vendor's clients.")
            failed.add(encoding)
    return written, frozenset(failed)


def _hearing(
    events: Iterable[FeedEvent], listeners: dict[int, Listener]
) -> Iterator[tuple[FeedEvent, list[int]]]:
    """Each event with the listeners that receive it."""
    services = [pk for pk, each in listeners.items() if each.is_service]
    rooms = [event.conversation_id for event in events if event.audience_id is None]
    present = _present(rooms, listeners) if rooms else {}
    for event in events:
        if event.kind == ACCOUNT_CLOSED:
            hearing = []
        elif event.audience_id is None:
            hearing = present.get(event.conversation_id, [])
        else:
            hearing = [event.audience_id] if event.audience_id in listeners else []
        if event.audience_id is None or event.kind == EventKind.RECEIPT_UPDATED:
            hearing = [*hearing, *services]
        yield event, hearing


def _present(rooms: Iterable[int], listeners: dict[int, Listener]) -> dict[int, list[int]]:
    """The users among the listeners that take part in each conversation."""
    people = [pk for pk, each in listeners.items() if not each.is_service]
    found: dict[int, list[int]] = {}
    taking_part = ConversationParticipant.objects.filter(
        conversation__in=set(rooms), user__in=people, is_active=True
    )
    for conversation, user in taking_part.values_list("conversation_id", "user_id"):
        found.setdefault(conversation, []).append(user)
    return found
