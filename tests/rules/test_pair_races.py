"""Two people ask for their direct conversation at once (rule 25): over real connections."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.services.direct import pair_of
from tests.support.history import import_records
from tests.support.racing import at_once, first_then

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PATH = "/conversations/by-members/"


def test_both_ask_at_once_and_get_the_same_one(
    api: Any, alice: User, bob: User, service_key: str
) -> None:
    """One call makes it: exactly one 201."""
    answers = []

    def ask(who: Any, body: dict[str, Any], method: str = "PUT", path: str = PATH) -> None:
        response = api(who).client.generic(
            method, f"/api/v1{path}", json.dumps(body), content_type="application/json"
        )
        answers.append((response.status_code, response.json()["id"]))

    start = {"kind": "direct", "participants": ["alice"]}
    at_once(
        [
            lambda: ask(alice, {"members": ["bob"]}),
            lambda: ask(bob, {"members": ["alice"]}),
            lambda: ask(service_key, {"members": ["bob", "alice"]}),
            lambda: ask(bob, start, "POST", "/conversations/"),
        ]
    )
    assert len({pk for _, pk in answers}) == 1, answers
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert Conversation.objects.count() == 1
    assert ConversationParticipant.objects.count() == 2


def test_who_asks_while_it_is_being_made_waits_for_it(alice: User, bob: User) -> None:
    """By either way; both wait for the lock on the two users."""

    def ask() -> tuple[int, bool]:
        found, created = services.direct_conversation(members=(bob, alice), joining=[bob])
        return found.pk, created

    def start() -> tuple[int, bool]:
        found, created = services.create_once(
            owner=alice, participants=[bob], owner_is_named=False, kind="direct"
        )
        return found.pk, created

    for first, then in ((ask, start), (start, ask)):
        (made, is_new), (found, is_new_too) = first_then(first, then)
        assert (made, is_new, is_new_too) == (found, True, False)
        Conversation.objects.all().delete()


def test_an_import_waits_for_the_one_that_is_being_made(alice: User, bob: User) -> None:
    """The imported one stays besides it, and the import does not fail."""
    records = [
        {"type": "conversation", "id": "dm-1", "kind": "direct"},
        {"type": "participant", "conversation": "dm-1", "user": "alice"},
        {"type": "participant", "conversation": "dm-1", "user": "bob"},
    ]
    (made, _), said = first_then(
        lambda: services.direct_conversation(members=(alice, bob), joining=()),
        lambda: import_records(records),
    )
    assert "lines skipped: 0" in said
    assert Conversation.objects.get(pair=pair_of(alice.pk, bob.pk)) == made
    assert Conversation.objects.count() == 2


def test_two_who_come_back_at_once_both_take_part(api: Any, alice: User, bob: User) -> None:
    found, _ = services.direct_conversation(members=(alice, bob), joining=())
    for who in (alice, bob):
        services.remove_participant(conversation_id=found.pk, user=who)
    calls = [
        lambda: api(alice)("PUT", PATH, {"members": ["bob"]}),
        lambda: api(bob)("PUT", PATH, {"members": ["alice"]}),
    ]
    answers = at_once(calls * 2)
    assert {each["id"] for each in answers} == {found.pk}
    assert ConversationParticipant.objects.active().count() == 2


def test_who_comes_back_while_it_is_deleted_gets_a_new_one(alice: User, bob: User) -> None:
    old, _ = services.direct_conversation(members=(alice, bob), joining=())
    services.remove_participant(conversation_id=old.pk, user=bob)
    _, (new, created) = first_then(
        lambda: services.delete_conversation(conversation_id=old.pk),
        lambda: services.direct_conversation(members=(bob, alice), joining=[bob]),
    )
    assert (new.pk != old.pk, created) == (True, True)
