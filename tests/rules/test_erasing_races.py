"""Erasures beside live traffic on PostgreSQL: no deadlock, no 500, and nothing left at the end."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from chat.errors import Conflict
from chat.models import (
    Conversation,
    ConversationParticipant,
    Departure,
    Erasure,
    Message,
    User,
)
from receipts import services
from receipts.models import MessageStatus, ReceiptEvent
from tests.support.cast import say
from tests.support.racing import at_once, first_then
from tests.support.random_work import assert_no_drift

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

#: What a call may be answered beside an erasure: done, or gone, or not for the caller any more.
FINE = {200, 201, 202, 204, 400, 401, 403, 404}


@pytest.fixture(autouse=True)
def small_batches(settings: Any) -> None:
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 7, 60_000


def busy(api: Any, user: User, conversation: Conversation, seed: int) -> Callable[[], set[int]]:
    """Calls of all kinds by one user; returns the statuses of their answers."""
    dice, caller = random.Random(seed), api(user)
    messages = list(conversation.messages.values_list("pk", flat=True))
    place = f"/api/v1/conversations/{conversation.pk}"

    def call() -> int:
        message = dice.choice(messages)
        mark = {"message": message, "state": dice.choice(["read", "delivered"])}
        calls: list[tuple[str, Any]] = [
            (f"{place}/messages/", {"body": "hello"}),
            (f"{place}/mark-read/", {"up_to_message": message}),
            (f"{place}/mark-read/", {"private": True}),
            (f"{place}/mark-delivered/", {}),
            (f"{place}/mark-unread/", {"from_message": message}),
            (f"/api/v1/messages/{message}/read/", {"private": dice.random() < 0.5}),
            (f"/api/v1/messages/{message}/read/", {"content": "Understood."}),
            (f"/api/v1/messages/{message}/delivered/", {}),
            ("/api/v1/receipts/", {"receipts": [mark]}),
            ("/api/v1/me/mark-read/", {}),
            ("/api/v1/me/retract-receipts/", {}),
        ]
        path, body = dice.choice(calls)
        return int(caller.client.post(path, body, format="json").status_code)

    return lambda: {call() for _ in range(20)}


@pytest.mark.parametrize("seed", range(3))
def test_a_user_is_forgotten_beside_everything_else(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, service_key: str, seed: int
) -> None:
    """Rules 2, 19 and 22: bob's own calls and those of others."""
    for _ in range(30):
        say(alice, group, mark_read=False)
    people = [alice, bob, bob, carol]
    calls = [busy(api, user, group, seed * 10 + n) for n, user in enumerate(people)]

    def forget() -> set[int]:
        return {api(service_key).client.delete("/api/v1/users/bob/?messages=erase").status_code}

    codes = set().union(*at_once([*calls, forget, forget]))
    assert codes <= FINE
    assert Erasure.objects.get().finished_at is not None
    assert_no_drift()
    rows = MessageStatus.objects.filter(recipient=bob)
    assert not rows.filter(withdrawn_at=None, read_at=None).exists()
    assert not rows.filter(withdrawn_at=None, seen_at=None).exists()
    assert not rows.exclude(content=None).exists()
    assert not Message.objects.filter(sender=bob).exclude(body="").exists()


@pytest.mark.parametrize("seed", range(3))
def test_a_conversation_is_deleted_beside_everything_else(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User, carol: User,
    service_key: str, seed: int,
) -> None:  # fmt: skip
    """Rule 22: no orphan is left of it, and nothing else is touched."""
    for _ in range(30):
        say(alice, group, mark_read=False)
        say(alice, direct, mark_read=False)
    people = [alice, bob, carol]
    calls = [busy(api, user, group, seed * 10 + n) for n, user in enumerate(people)]
    calls.append(busy(api, bob, direct, seed))

    def delete() -> set[int]:
        path = f"/api/v1/conversations/{group.pk}/"
        return {api(service_key).client.delete(path).status_code}

    def change() -> set[int]:
        path = f"/api/v1/conversations/{group.pk}/participants/carol/"
        return {api(alice).client.delete(path).status_code}

    codes = set().union(*at_once([*calls, change, delete, delete]))
    assert codes <= FINE
    assert Erasure.objects.get().finished_at is not None
    assert_no_drift()
    assert not Conversation.objects.filter(pk=group.pk).exists()
    for model in (Message, MessageStatus, ConversationParticipant, Departure):
        assert not model.objects.exclude(conversation=direct.pk).exists(), model
    left = ReceiptEvent.objects.exclude(conversation=direct.pk).values_list("kind", flat=True)
    assert set(left) == {"conversation.deleted"}


def test_who_is_forgotten_while_a_message_is_sent_is_its_recipient_or_not(
    group: Conversation, alice: User, bob: User
) -> None:
    """The close waits for the send, whose count of recipients is that of its rows."""
    message, erasure = first_then(
        lambda: say(alice, group), lambda: services.forget_user(username="bob")
    )
    assert services.run_erasure(erasure)
    message.refresh_from_db()
    assert message.recipient_count == 1
    assert_no_drift()


def test_a_send_that_waits_for_a_deletion_is_refused(
    api: Any, group: Conversation, alice: User
) -> None:
    path = f"/api/v1/conversations/{group.pk}/messages/"
    _, code = first_then(
        lambda: services.delete_conversation(conversation_id=group.pk),
        lambda: api(alice).client.post(path, {"body": "hello?"}, format="json").status_code,
    )
    assert code in (403, 404)
    assert not Message.objects.exists()


def test_a_join_that_waits_for_a_deletion_is_refused(
    api: Any, group: Conversation, dave: User, service_key: str
) -> None:
    path = f"/api/v1/conversations/{group.pk}/participants/"
    _, code = first_then(
        lambda: services.delete_conversation(conversation_id=group.pk),
        lambda: api(service_key).client.post(path, {"user": "dave"}, format="json").status_code,
    )
    assert code == 404
    assert not ConversationParticipant.objects.filter(user=dave).exists()


def test_a_name_that_is_freed_meanwhile_is_not_given_out(bob: User) -> None:
    """The creation waits for the name, and then finds it held."""

    def create() -> str:
        try:
            User.objects.create_user("bob")
        except Conflict as error:
            return str(error)
        return "created"

    _, said = first_then(lambda: services.forget_user(username="bob"), create)
    assert "still being erased" in said
    assert not User.objects.filter(username="bob").exists()


def test_two_equal_requests_are_one_erasure(
    api: Any, group: Conversation, bob: User, service_key: str
) -> None:
    """The second one waits, and then finds the first."""
    both = first_then(
        lambda: services.forget_user(username="bob"),
        lambda: services.forget_user(username="bob", messages=True),
    )
    assert both[0] == both[1]
    both = first_then(
        lambda: services.delete_conversation(conversation_id=group.pk),
        lambda: services.delete_conversation(conversation_id=group.pk),
    )
    assert both[0] == both[1]
    assert Erasure.objects.count() == 2
    assert Erasure.objects.get(user=bob).erases_messages


def test_a_mark_waits_for_one_batch_at_most(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Between two batches nothing is locked."""
    messages = [say(alice, group) for _ in range(20)]
    erasure = services.forget_user(username="bob")
    marked = []

    def go_on() -> bool:
        for message in messages:
            with transaction.atomic():
                here = Message.objects.filter(conversation=group)
                here.select_for_update(nowait=True).get(pk=message.pk)
        api(carol).post(f"/messages/{messages[len(marked) % 20].pk}/read/")
        marked.append(1)
        return True

    at_once([lambda: services.run_erasure(erasure, go_on)])
    assert len(marked) > 5
    assert_no_drift()
