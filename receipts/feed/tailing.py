"""New events for all listeners connected to this process, found by one query for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chat.models import ConversationParticipant
from receipts.feed import reading
from receipts.feed.coalescing import Heard
from receipts.feed.encoding import encode
from receipts.feed.event import FeedEvent
from receipts.feed.looking import Listener, closed_accounts
from receipts.feed.positions import Position, newest_position
from receipts.feed.telling import tell
from receipts.models import ACCOUNT_CLOSED, EventKind

#: At most this many events per pass, and at most this many deliveries; one message with 5,000
#: listeners is 5,000 deliveries.
EVENTS_PER_POLL = 1_000
TELLINGS_AT_ONCE = 10_000


@dataclass(frozen=True)
class News:
    """What is published to each listener, and the position after that."""

    told: dict[int, bytes]
    position: Position
    more: bool
    #: The listeners whose accounts were closed.
    closed: frozenset[int] = frozenset()


def news(position: Position | None, listeners: dict[int, Listener]) -> News:
    """The events after ``position`` that concern any of the listeners, by user id.

    Without a position, only events from now on.
    """
    if position is None:
        return News({}, newest_position(), more=False)
    page, heard = reading.of_all(position, EVENTS_PER_POLL), list[Heard]()
    for number, (event, hearing) in enumerate(_hearing(page.events, listeners)):
        if heard and len(heard) + len(hearing) > TELLINGS_AT_ONCE:
            page = page.first(number, position)
            break
        heard += [(pk, event) for pk in hearing]
    closed = closed_accounts(page.events).intersection(listeners)
    told = tell(heard) if heard else {}
    encoded = {
        pk: encode(each, page.position.cursor(listeners[pk].username)) for pk, each in told.items()
    }
    return News(encoded, page.position, page.more, closed)


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
