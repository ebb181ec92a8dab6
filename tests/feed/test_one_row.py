"""A mark of one message is one row: news for the sender, and for the reader's own devices."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts.feed import tailing
from receipts.feed.encoding import SERVER_SENT_EVENTS
from receipts.feed.looking import Listener
from receipts.feed.positions import newest_position
from receipts.feed.tailing import news
from receipts.models import ReceiptEvent
from tests.support.cast import ON_POSTGRES, say
from tests.support.following import Follow, kinds

#: A position is a snapshot on PostgreSQL, in which nothing is to be seen before it is committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group)


@pytest.mark.parametrize("private", [False, True])
def test_a_read_is_one_row_and_both_are_told(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, carol: User, private: bool
) -> None:
    """A private one, too, which is a delivery to the sender (rule 13)."""
    before = ReceiptEvent.objects.count()
    sender, reader, other = follow(alice), follow(bob), follow(carol)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": private})
    assert ReceiptEvent.objects.count() == before + 1
    (told,) = sender()
    assert [mark["state"] for mark in told["marks"]] == ["delivered" if private else "read"]
    (own,) = reader()
    assert (own["kind"], own["unread_count"]) == ("conversation.read", 0)
    assert other() == []


def test_a_read_of_which_the_list_shows_nothing_is_told_to_the_reader_alone(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """A private read of what was delivered."""
    api(bob).post(f"/messages/{message.pk}/delivered/")
    sender, reader = follow(alice), follow(bob)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    assert (kinds(sender()), kinds(reader())) == ([], ["conversation.read"])


def test_a_delivery_is_told_to_the_sender_alone(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    sender, reader = follow(alice), follow(bob)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    assert (kinds(sender()), kinds(reader())) == (["receipt.updated"], [])


def test_pages_of_one_row_tell_each_of_their_own(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """However small they are: nothing is left out, and nothing comes twice."""
    first, second = say(alice, group), say(bob, group, mark_read=False)
    cursors = {user: api(user).get("/events/")["cursor"] for user in (alice, bob)}
    api(bob).post(f"/messages/{first.pk}/read/")
    api(alice).post(f"/messages/{second.pk}/read/")
    for user in alice, bob:
        cursor, more, told = cursors[user], True, list[str]()
        while more:
            page = api(user).get(f"/events/?after={cursor}&limit=1")
            told += kinds(page["results"])
            cursor, more = page["cursor"], page["more"]
        assert sorted(told) == ["conversation.read", "receipt.updated"]


def test_a_poll_that_ends_early_ends_after_a_row(
    api: Any, group: Conversation, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender and its reader are both told, once."""
    messages = [say(alice, group) for _ in range(3)]
    position = newest_position()
    for message in messages:
        api(bob).post(f"/messages/{message.pk}/read/")
    monkeypatch.setattr(tailing, "TELLINGS_AT_ONCE", 1)
    listeners = {user.pk: Listener.of(user) for user in (alice, bob)}
    polls, more = list[set[int]](), True
    while more:
        found = news(position, listeners, {SERVER_SENT_EVENTS: listeners.keys()})
        polls.append({*found.written[SERVER_SENT_EVENTS]})
        position, more = found.position, found.more
    assert polls == [{alice.pk, bob.pk}] * len(messages)


def test_an_own_read_stays_when_the_delivery_becomes_private(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 13: the sender receives the delivery no more, the reader's devices their own read."""
    sender, reader = follow(alice), follow(bob)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    api(bob).patch("/me/", {"delivery_receipts_enabled": False})
    early = {"private": True, "at": "2020-01-01T00:00:00Z"}
    api(bob).post(f"/messages/{message.pk}/read/", early)
    states = {mark["state"] for event in sender() for mark in event.get("marks", [])}
    assert states == {"pending"}
    assert kinds(reader()) == ["conversation.read"]
