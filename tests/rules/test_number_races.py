"""Rule 28 with real connections: whoever asks at the same moment gets the same numbers."""

from __future__ import annotations

import pytest
from django.db import transaction

from chat.models import Conversation, Message, MessageNumber, User
from receipts import services
from tests.support.cast import say
from tests.support.racing import at_once, first_then

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_who_asks_at_once_writes_the_same_numbers(
    group: Conversation, direct: Conversation, alice: User
) -> None:
    """While others send, too."""

    def number() -> None:
        services.number_messages([group.pk, direct.pk])

    for _ in range(20):
        say(alice, group)
        say(alice, direct)
        at_once([number, lambda: say(alice, group), number, lambda: say(alice, direct), number])
    number()
    for conversation in (group, direct):
        sent = Message.objects.filter(conversation=conversation).order_by("pk")
        stored = MessageNumber.objects.filter(conversation=conversation).order_by("number")
        assert list(stored.values_list("message_id", flat=True)) == [each.pk for each in sent]
        assert list(stored.values_list("number", flat=True)) == list(range(1, 41))


def test_numbers_that_are_not_committed_yet_are_waited_for(
    group: Conversation, alice: User
) -> None:
    """The second statement sees one message more, and goes on from the first one's numbers."""
    first = say(alice, group)

    def number() -> bool:
        return services.number_some([group.pk])

    first_then(number, lambda: (say(alice, group), number()))
    second = Message.objects.latest("pk")
    stored = MessageNumber.objects.order_by("number").values_list("number", "message_id")
    assert list(stored) == [(1, first.pk), (2, second.pk)]


def test_numbering_waits_for_no_send(group: Conversation, alice: User) -> None:
    """A send holds the conversation's lock; its message is numbered the next time."""
    first = say(alice, group)
    with transaction.atomic():
        say(alice, group)
        at_once([lambda: services.number_some([group.pk])])
        assert MessageNumber.objects.values_list("message_id", flat=True).get() == first.pk
