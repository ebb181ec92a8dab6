"""A poll of the feed reads what is new, however many events there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from chat.models import Conversation, User
from receipts.feed.encoding import SERVER_SENT_EVENTS
from receipts.feed.looking import Listener, look
from receipts.feed.positions import Position, newest_position
from receipts.feed.tailing import news
from tests.support.cast import say
from tests.support.plans import plans_of

pytestmark = [
    pytest.mark.one_server,
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
]

EVENTS = 50_000
#: What a poll may read of indexes with 200 blocks and more, and of the table.
FEW_BLOCKS = 60


def write_many(conversation: Conversation, actor: User, kind: str, audience: User | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO receipts_receiptevent (xid, kind, audience_id, conversation_id, actor_id,
                   state, is_delivery, is_own_read, messages, message_count, first_message,
                   created_at)
               SELECT 3 + number / 1000, %s, %s, %s, %s, 'read', TRUE, %s, '[1]', 1, 1, now()
                 FROM generate_series(1, %s) AS number""",
            [
                kind,
                audience and audience.pk,
                conversation.pk,
                actor.pk,
                audience is not None,
                EVENTS,
            ],
        )
        # A poll begins at the oldest running transaction, perhaps of another process's tests, and
        # would read what tests have rolled back since.
        cursor.execute("VACUUM (ANALYZE) receipts_receiptevent")


@pytest.fixture
def long_ago(group: Conversation, alice: User, bob: User) -> Position:
    """Many events, all of them published; the position after them."""
    write_many(group, bob, "receipt.updated", alice)
    return newest_position()


def poll(position: Position, listener: Listener) -> Any:
    return news(position, {listener.pk: listener}, {SERVER_SENT_EVENTS: {listener.pk}})


def page(position: Position, listener: Listener) -> Any:
    return look(listener, position, 100)


def blocks(ask: Callable[[], Any]) -> int:
    """What the statement on events reads."""
    return max(plan.blocks for plan in plans_of(ask, "receipts_receiptevent AS event"))


@pytest.mark.parametrize("ask", [poll, page])
@pytest.mark.parametrize("is_service", [False, True], ids=["user", "backend"])
def test_a_poll_reads_few_blocks(
    api: Any, group: Conversation, alice: User, bob: User, long_ago: Position,
    ask: Callable[[Position, Listener], Any], is_service: bool,
) -> None:  # fmt: skip
    for _ in range(2):
        message = say(alice, group)
        api(bob).post(f"/messages/{message.pk}/read/")
    listener = Listener(alice.pk, alice.username, is_service=is_service)
    assert blocks(lambda: ask(long_ago, listener)) < FEW_BLOCKS


@pytest.mark.parametrize("is_service", [False, True], ids=["user", "backend"])
def test_a_late_page_of_a_long_poll_reads_few_blocks(
    alice: User, long_ago: Position, is_service: bool
) -> None:
    """A listener that was away for long catches up in pages."""
    listener = Listener(alice.pk, alice.username, is_service=is_service)
    late = look(listener, Position("3:3:", long_ago.taken_at), EVENTS - 1_000).position
    assert blocks(lambda: look(listener, late, 10)) < FEW_BLOCKS


@pytest.mark.parametrize(
    ("kind", "who"),
    [("receipt.updated", "alice"), ("receipt.updated", "bob"), ("message.created", "alice")],
    ids=["sender", "reader", "everybody"],
)
def test_the_first_page_of_who_was_away_for_long_reads_few_blocks(
    group: Conversation, alice: User, bob: User, kind: str, who: str
) -> None:
    write_many(group, bob, kind, alice if kind == "receipt.updated" else None)
    user = {"alice": alice, "bob": bob}[who]
    listener = Listener(user.pk, user.username, is_service=False)
    away = Position("3:3:", newest_position().taken_at)
    assert blocks(lambda: look(listener, away, 10)) < FEW_BLOCKS
