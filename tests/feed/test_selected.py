"""A process fetches the events that its own listeners may receive, and misses none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.feed import reading
from receipts.feed.encoding import SERVER_SENT_EVENTS
from receipts.feed.looking import Listener
from receipts.feed.positions import newest_position
from receipts.feed.tailing import news
from receipts.models import EventKind
from tests.support.cast import ON_POSTGRES, say

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def backend(db: None) -> User:
    return User.objects.create(username="backend", is_service=True)


def told(position: Any, *people: User) -> dict[str, list[Mapping[str, Any]]]:
    """What one poll publishes to the streams of these users."""
    listeners = {user.pk: Listener.of(user) for user in people}
    found = news(position, listeners, {SERVER_SENT_EVENTS: listeners.keys()})
    return {
        listeners[pk].username: [
            orjson.loads(line[len(b"data: ") :])
            for line in written.split(b"\n")
            if line.startswith(b"data: ")
        ]
        for pk, written in found.written[SERVER_SENT_EVENTS].items()
    }


def everything_happens(api: Any, group: Conversation, sender: User, reader: User) -> None:
    """Events of each audience: a sender, a reader, all who take part."""
    message, another = say(sender, group), say(sender, group)
    api(reader).post(f"/messages/{message.pk}/read/")
    services.delete_message(message_id=another.pk, by=sender)


@pytest.mark.parametrize("who", ["alice", "bob", "backend"])
def test_a_listener_is_told_the_same_however_many_listen(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, backend: User,
    monkeypatch: pytest.MonkeyPatch, who: str,
) -> None:  # fmt: skip
    position = newest_position()
    everything_happens(api, group, alice, bob)
    listener = {"alice": alice, "bob": bob, "backend": backend}[who]
    alone = told(position, listener)[who]
    beside_others = told(position, alice, bob, carol, backend)[who]
    monkeypatch.setattr(reading, "MOST_SELECTED", 0)
    assert alone == beside_others == told(position, listener)[who]
    own = {"alice": EventKind.RECEIPT_UPDATED, "bob": EventKind.CONVERSATION_READ}
    kinds = [each["kind"] for each in alone]
    assert kinds.count(own.get(who, EventKind.RECEIPT_UPDATED)) == 1


def test_events_of_others_are_not_fetched(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    position = newest_position()
    everything_happens(api, group, alice, bob)
    page = reading.of_listeners(position, 100, [carol.pk], backends=False)
    assert {event.audience_id for event in page.events} == {None}
