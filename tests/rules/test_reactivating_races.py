"""Rule 2 with concurrency: an account is switched on or off while its conversations go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from receipts.services.marking import RecipientKey
from tests.support.cast import say
from tests.support.commands import run
from tests.support.positions import up_to
from tests.support.racing import at_once, first_then
from tests.support.random_work import assert_no_drift

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def on(bob: User) -> Callable[[], Any]:
    return lambda: services.reactivate_user(user=bob)


@pytest.mark.parametrize("sends_first", [True, False])
def test_a_message_that_is_sent_meanwhile_has_a_row_or_not_by_who_came_first(
    group: Conversation, alice: User, bob: User, sends_first: bool
) -> None:
    """Rule 1: the earlier one is theirs again in either case."""
    earlier = say(alice, group)
    services.deactivate_user(user=bob)
    send = lambda: say(alice, group)  # noqa: E731
    results = first_then(*((send, on(bob)) if sends_first else (on(bob), send)))
    later = results[0] if sends_first else results[1]
    found = MessageStatus.objects.filter(recipient=bob, withdrawn_at=None)
    ids = {earlier.pk} if sends_first else {earlier.pk, later.pk}
    assert set(found.values_list("message_id", flat=True)) == ids
    assert_no_drift()


@pytest.mark.parametrize(
    ("goes", "how"),
    [("on", "bulk"), ("on", "private"), ("off", "single"), ("off", "bulk"), ("off", "private")],
)
def test_a_mark_that_waits_finds_the_rows_as_they_are_then(
    group: Conversation, alice: User, bob: User, how: str, goes: str
) -> None:
    """A mark whose request was admitted before: no deadlock, and counts stay exact."""
    message = say(alice, group)
    row = RecipientKey(message_id=message.pk, recipient_id=bob.pk, conversation_id=group.pk)
    marks: dict[str, Callable[[], Any]] = {
        "single": lambda: services.mark_read(row=row),
        "bulk": lambda: services.bulk_mark_read(position=up_to(bob, message.pk)),
        "private": lambda: services.mark_read(row=row, private=True),
    }
    if goes == "on":
        services.deactivate_user(user=bob)
        first_then(on(bob), marks[how])
    else:
        first_then(lambda: services.deactivate_user(user=bob), marks[how])
        services.reactivate_user(user=bob)
    found = MessageStatus.objects.get(message=message, recipient=bob)
    assert found.withdrawn_at is None
    # What was marked while the account was off came too late, except for the watermark.
    assert (found.seen_at is not None) == (goes == "on")
    participant = ConversationParticipant.objects.get(user=bob)
    show_watermarks([participant])
    assert participant.last_read_message_id == (
        message.pk if goes == "on" and how == "bulk" else None
    )
    assert_no_drift()


def test_whoever_switches_it_on_twice_at_once_gives_back_once(
    group: Conversation, alice: User, bob: User
) -> None:
    message = say(alice, group)
    services.deactivate_user(user=bob)
    assert sorted(at_once([on(bob), on(bob)])) == [False, True]
    message.refresh_from_db()
    assert message.recipient_count == 2


def test_a_participation_that_ends_meanwhile_is_over_or_was_given_back_before(
    group: Conversation, alice: User, bob: User
) -> None:
    """In either order: withdrawn, and nothing is left open."""
    for _ in range(5):
        services.add_participant(conversation_id=group.pk, user=bob)
        message = say(alice, group)
        services.deactivate_user(user=bob)
        leave = lambda: services.remove_participant(conversation_id=group.pk, user=bob)  # noqa: E731
        at_once([on(bob), leave])
        row = MessageStatus.objects.get(message=message, recipient=bob)
        assert row.withdrawn_at is not None
    assert "no drift" in run("check_receipts")[0]
