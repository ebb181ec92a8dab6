"""Pushes to Agora's clients: the number of statements depends on neither events nor listeners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.feed.looking import Listener
from receipts.feed.positions import newest_position
from receipts.feed.reading import of_all
from receipts.feed.telling import tell
from receipts.gateways.agora.live import VENDOR
from tests.support.cast import say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pushed(transactional_db: None, statements: Callable[[], Any]) -> Any:
    """``pushed(work, alice, bob)``: how many pushes, by how many statements."""

    def pushed(work: Callable[[], Any], *people: User) -> tuple[int, int]:
        position = newest_position()
        work()
        page = of_all(position, 1_000)
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
        return sum(map(len, found.values())), len(counted)

    return pushed


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
