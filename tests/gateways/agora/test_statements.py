"""Pushes to Agora's clients, as they are written for events that came together.

The number of statements depends on neither events nor listeners.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.feed.looking import Listener
from receipts.feed.positions import newest_position
from receipts.feed.reading import of_listeners
from receipts.feed.telling import tell
from receipts.gateways.agora.live import VENDOR
from receipts.gateways.agora.wire.msync_pb2 import Meta
from receipts.gateways.sockets.vendor import Push
from tests.support.cast import say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def written(transactional_db: None, statements: Callable[[], Any]) -> Any:
    """``written(work, alice, bob)``: what is pushed to them, and by how many statements."""

    def written(work: Callable[[], Any], *people: User) -> tuple[list[Push], int]:
        position = newest_position()
        work()
        page = of_listeners(position, 1_000, [user.pk for user in people], backends=False)
        listeners = {user.pk: Listener.of(user) for user in people}
        heard = [
            (pk, event)
            for event in page.events
            for pk in ([event.audience_id] if event.audience_id else listeners)
            if pk in listeners
        ]
        told = tell(heard)
        with statements() as counted:
            found = VENDOR.encode(told, listeners, page.position)
        return [push for pushes in found.values() for push in pushes], len(counted)

    return written


@pytest.fixture
def pushed(written: Any) -> Any:
    """The number of pushes, and of statements."""

    def pushed(work: Callable[[], Any], *people: User) -> tuple[int, int]:
        pushes, statements = written(work, *people)
        return len(pushes), statements

    return pushed


def test_who_read_privately_is_not_named_as_a_reader(
    written: Any, api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 13, where an open read of the same reader and somebody else's come with it."""
    first, second = say(alice, group), say(alice, group)

    def read() -> None:
        api(bob).post(f"/messages/{first.pk}/read/")
        api(bob).post(f"/messages/{second.pk}/read/", {"private": True})
        api(carol).post(f"/messages/{second.pk}/read/")

    pushes, _ = written(read, alice)
    told = [
        (push.data.count.message, Meta.FromString(push.data.meta).sender.name) for push in pushes
    ]
    assert told == [(first.pk, "bob"), (second.pk, "carol")]


def test_messages(
    pushed: Any, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    def some(number: int) -> None:
        for _ in range(number):
            say(alice, group)
            say(alice, direct)

    assert pushed(lambda: some(1), alice, bob) == (4, 2)
    assert pushed(lambda: some(10), alice, bob) == (40, 2)


def test_receipts(
    pushed: Any, group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Of people and groups, some events naming all of their messages and some not."""
    other = services.create_conversation(owner=carol, participants=[bob], kind="direct")

    def read(number: int) -> None:
        for _ in range(number):
            say(alice, group)
            say(alice, direct)
            say(carol, other)
        for place in (group, direct, other):
            services.mark_up_to(conversation_id=place.pk, username="bob", read=True)

    count, few = pushed(lambda: read(1), alice, carol)
    assert few == 4
    count, many = pushed(lambda: read(30), alice, carol)
    assert (count > 90, many) == (True, 7)
    assert pushed(lambda: read(60), alice, carol)[1] == 7
