"""An older message comes in while its recipient marks: with real connections (rules 7 and 22)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.reads.selectors import unread_of
from receipts.reads.watermarks import show_watermarks
from tests.support.cast import say
from tests.support.racing import at_once, first_then

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

#: What moves bob's watermarks, and whether the read one, too.
MOVES = {"read": True, "delivered": False, "all": True, "private": False}


@pytest.fixture
def marks(api: Any, group: Conversation, bob: User) -> dict[str, Callable[[], Any]]:
    path = f"/conversations/{group.pk}/mark-"
    return {
        "read": lambda: api(bob).post(f"{path}read/"),
        "delivered": lambda: api(bob).post(f"{path}delivered/"),
        "all": lambda: api(bob).post("/me/mark-read/"),
        "private": lambda: api(bob).post(f"{path}read/", {"private": True}),
    }


@pytest.fixture
def come_late(group: Conversation, alice: User) -> Callable[[], Message]:
    """Send a message that stands between the two that are there."""
    first, last = say(alice, group), say(alice, group)
    middle = first.created_at + (last.created_at - first.created_at) / 2
    return lambda: say(alice, group, sent_at=middle)


def shown(user: User) -> tuple[int | None, int | None]:
    participant = ConversationParticipant.objects.get(user=user)
    show_watermarks([participant])
    return participant.last_delivered_message_id, participant.last_read_message_id


@pytest.mark.parametrize("marked_before", [False, True])
@pytest.mark.parametrize("move", MOVES)
def test_a_message_that_comes_late_sees_the_watermark_that_moved_while_it_waited(
    group: Conversation, bob: User, marks: Any, come_late: Any, move: str, marked_before: bool
) -> None:
    """Rule 7: it is unread, so the watermark is shown before it."""
    first = group.messages.earliest("pk").pk
    if marked_before:
        services.mark_up_to(
            conversation_id=group.pk,
            username="bob",
            up_to=MessageReference(number=first),
            read=MOVES[move],
        )
    first_then(marks[move], come_late)
    assert unread_of(bob.pk).count() == (1 if move != "delivered" else 3)
    assert shown(bob) == (first, first if MOVES[move] else None)


@pytest.mark.parametrize("move", MOVES)
def test_a_mark_covers_the_message_that_came_late_while_it_waited(
    group: Conversation, bob: User, marks: Any, come_late: Any, move: str
) -> None:
    """Rule 7: its rows are read after the participant is locked."""
    last = group.messages.latest("created_at").pk
    first_then(come_late, marks[move])
    assert unread_of(bob.pk).count() == (0 if move != "delivered" else 3)
    assert shown(bob) == (last, last if MOVES[move] else None)


def test_a_message_is_restored_while_everything_is_read(
    group: Conversation, bob: User, alice: User, marks: Any, come_late: Any
) -> None:
    """Rule 7: the mark did not see it, so the watermark is shown before it."""
    first = group.messages.earliest("pk").pk
    middle = come_late().pk
    services.delete_message(message_id=middle)
    first_then(marks["read"], lambda: services.restore_message(message_id=middle))
    assert shown(bob) == (first, first)


def test_late_messages_and_marks_of_many_leave_no_watermark_over_an_unread_row(
    group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 7 and 22: at the same moment, again and again; no deadlock."""
    start = say(alice, group).created_at

    def late(number: int) -> None:
        say(alice, group, sent_at=start - timedelta(seconds=number))

    for turn in range(5):
        say(alice, group)
        at_once([
            lambda turn=turn: late(2 * turn + 1),
            lambda: services.mark_up_to(conversation_id=group.pk, username="bob", read=True),
            lambda turn=turn: late(2 * turn + 2),
            lambda: services.mark_up_to(conversation_id=group.pk, username="carol", read=True),
            lambda: services.mark_all_read(user_id=bob.pk),
        ])  # fmt: skip
    for reader in (bob, carol):
        unread = unread_of(reader.pk).order_by("sent_at", "message_id").first()
        read = Message.objects.filter(pk=shown(reader)[1]).first()
        if unread is not None and read is not None:
            assert (read.created_at, read.pk) < (unread.sent_at, unread.message_id)
