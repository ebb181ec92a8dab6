"""Direct conversations of a history: the one of two people, or another besides it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.services.direct import pair_of
from tests.support.history import import_records

BESIDES = "direct conversations besides another one of the same two people"
PATH = "/conversations/by-members/"


def direct_of(name: str, *people: str) -> list[dict[str, Any]]:
    """The records of a direct conversation, and of its people."""
    return [
        *({"type": "user", "id": who} for who in people),
        {"type": "conversation", "id": name, "kind": "direct"},
        *({"type": "participant", "conversation": name, "user": who} for who in people),
    ]


def with_pair() -> dict[str | None, str | None]:
    return dict(Conversation.objects.exclude(pair=None).values_list("external_id", "pair"))


def test_an_imported_direct_conversation_is_the_one_of_its_two(
    api: Any, alice: User, bob: User
) -> None:
    said = import_records(direct_of("dm-1", "alice", "bob"))
    assert not any(BESIDES in line for line in said)
    found = api(alice)("PUT", PATH, {"members": ["bob"]})
    assert found["external_id"] == "dm-1"
    import_records(direct_of("dm-1", "alice", "bob"))
    assert with_pair() == {"dm-1": pair_of(alice.pk, bob.pk)}


def test_one_of_two_people_who_have_one_stays_besides_it(
    api: Any, alice: User, bob: User, direct: Conversation
) -> None:
    """The report says so, and the conversation works as it did."""
    said = import_records(direct_of("dm-1", "alice", "bob"))
    assert f"{BESIDES}: 1" in said
    assert api(alice)("PUT", PATH, {"members": ["bob"]})["id"] == direct.pk
    other = Conversation.objects.get(external_id="dm-1")
    api(bob).post(f"/conversations/{other.pk}/messages/", {"body": "hello"}, 201)


@pytest.mark.parametrize("batch", [1, 1000])
def test_of_two_in_one_history_one_is_that_of_the_pair(
    alice: User, bob: User, carol: User, batch: int
) -> None:
    """In whatever batches it is imported; groups and unfinished ones have no pair."""
    records = [
        *direct_of("dm-1", "alice", "bob"),
        *direct_of("dm-2", "bob", "alice"),
        *direct_of("dm-3", "bob", "carol"),
        *direct_of("dm-4", "carol"),
        *({**each, "kind": "group"} for each in direct_of("g", "alice", "carol")),
    ]
    records = [each if each["type"] == "conversation" else _plain(each) for each in records]
    said = import_records(records, batch_size=batch)
    assert f"{BESIDES}: 1" in said
    assert with_pair() == {
        "dm-1": pair_of(alice.pk, bob.pk), "dm-3": pair_of(bob.pk, carol.pk),
    }  # fmt: skip


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "kind"}


def test_the_migration_gives_the_pair_to_the_oldest(
    alice: User, bob: User, carol: User, group: Conversation
) -> None:
    """Others of the same two, and conversations of one, are left as they are."""
    made = [services.create_conversation(owner=bob, participants=[alice], kind="direct")]
    made += [Conversation.objects.create(kind="direct") for _ in range(3)]
    for conversation, people in zip(made[1:], ([alice, bob], [alice], [bob, carol]), strict=True):
        for who in people:
            ConversationParticipant.objects.create(conversation=conversation, user=who)
    Conversation.objects.update(pair=None)
    statement = import_module("chat.migrations.0006_names_and_privacy")._PAIR_THE_OLDEST
    with connection.cursor() as cursor:
        cursor.execute(statement)
    pairs = dict(Conversation.objects.values_list("pk", "pair"))
    assert [pairs[each.pk] for each in made] == [
        pair_of(alice.pk, bob.pk), None, None, pair_of(bob.pk, carol.pk),
    ]  # fmt: skip
    assert pairs[group.pk] is None
