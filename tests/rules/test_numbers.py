"""Rule 28: messages of a conversation are numbered by arrival, when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, MessageNumber, User
from receipts import services
from receipts.reads.numbers import last_numbers, message_numbers, messages_numbered
from receipts.services import numbering
from tests.support.cast import say


def numbers(conversation: Conversation) -> list[tuple[int, int]]:
    """The numbers and messages of a conversation, in their order."""
    assert services.number_messages([conversation.pk])
    stored = MessageNumber.objects.filter(conversation=conversation).order_by("number")
    return list(stored.values_list("number", "message_id"))


def test_nothing_is_numbered_until_somebody_asks(group: Conversation, alice: User) -> None:
    say(alice, group)
    assert not MessageNumber.objects.exists()


def test_numbers_begin_at_one_in_each_conversation(
    group: Conversation, direct: Conversation, alice: User
) -> None:
    first, other, second = say(alice, group), say(alice, direct), say(alice, group)
    assert numbers(group) == [(1, first.pk), (2, second.pk)]
    assert numbers(direct) == [(1, other.pk)]


def test_a_number_stays_and_the_next_message_has_the_next(
    group: Conversation, alice: User, bob: User
) -> None:
    first = say(alice, group)
    before = numbers(group)
    services.delete_message(message_id=first.pk)
    second = say(bob, group, request_receipts=False)
    assert numbers(group) == [*before, (2, second.pk)]


def test_each_conversation_goes_on_from_its_own_last_number(
    group: Conversation, direct: Conversation, alice: User
) -> None:
    say(alice, direct)
    numbers(direct)
    first = say(alice, group)
    numbers(group)
    second, other = say(alice, group), say(alice, direct)
    assert services.number_messages([group.pk, direct.pk])
    assert numbers(group) == [(1, first.pk), (2, second.pk)]
    assert numbers(direct)[1:] == [(2, other.pk)]


def test_a_late_message_and_a_system_line_have_the_next_number(
    group: Conversation, alice: User
) -> None:
    """The order of rule 7 is another one."""
    now = say(alice, group)
    late = say(alice, group, sent_at=timezone.now() - timedelta(days=1))
    line = services.send_system_line(conversation_id=group.pk, sender=alice, body="renamed").message
    assert numbers(group) == [(1, now.pk), (2, late.pk), (3, line.pk)]


def test_a_long_conversation_is_numbered_in_batches(
    group: Conversation, alice: User, settings: Any, monkeypatch: Any
) -> None:
    messages = [say(alice, group).pk for _ in range(5)]
    settings.BATCH_BUDGET_MS = 0
    some = services.number_some
    monkeypatch.setattr(numbering, "number_some", lambda ids: some(ids, 2))
    assert not services.number_messages([group.pk])
    assert last_numbers([group.pk]) == {group.pk: 2}
    assert not services.number_messages([group.pk])
    assert services.number_messages([group.pk])
    assert numbers(group) == list(enumerate(messages, start=1))


def test_messages_are_found_by_their_numbers(
    group: Conversation, direct: Conversation, alice: User
) -> None:
    first, second, other = say(alice, group), say(alice, group), say(alice, direct)
    assert services.number_messages([group.pk, direct.pk])
    assert messages_numbered(group.pk, [2, 3]) == {2: second.pk}
    assert message_numbers([first.pk, other.pk]) == {first.pk: 1, other.pk: 1}
    assert last_numbers([group.pk, direct.pk]) == {group.pk: 2, direct.pk: 1}


@pytest.mark.one_server
def test_numbering_many_conversations_takes_two_statements(
    group: Conversation, direct: Conversation, alice: User, statements: Callable[[], Any]
) -> None:
    for _ in range(10):
        say(alice, group)
        say(alice, direct)
    with statements() as counted:
        services.number_some([group.pk, direct.pk])
    assert len(counted) == 2
    assert MessageNumber.objects.count() == 20


def test_numbers_go_with_their_conversation(
    group: Conversation, direct: Conversation, alice: User, settings: Any
) -> None:
    """Those of a deleted one are not written again."""
    settings.BATCH_ROWS = 2
    for _ in range(5):
        say(alice, group)
    say(alice, direct)
    assert services.number_messages([group.pk, direct.pk])
    erasure = services.delete_conversation(conversation_id=group.pk, by=None)
    assert services.number_messages([group.pk])
    while not services.run_erasure(erasure):
        pass
    assert list(MessageNumber.objects.values_list("conversation_id", flat=True)) == [direct.pk]
