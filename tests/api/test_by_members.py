"""The one direct conversation of two people (rule 25): found, or made, once."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from tests.support.cast import say

PATH = "/conversations/by-members/"


@pytest.fixture(autouse=True)
def people(alice: User, bob: User, carol: User) -> None:
    """All of them are there."""


def put(call: Any, *members: str, status: int = 200, **fields: Any) -> Any:
    return call("PUT", PATH, {"members": list(members), **fields}, status)


def direct_with_carol(api: Any, owner: User) -> int:
    body = {"kind": "direct", "participants": ["carol"]}
    return int(api(owner).post("/conversations/", body, 201)["id"])


def test_it_is_made_once_whoever_asks(api: Any, alice: User, bob: User, service_key: str) -> None:
    """A user names the other, or both; a service both, in any order."""
    made = put(api(alice), "bob", status=201)
    assert (made["kind"], made["role"], made["external_id"]) == ("direct", "member", None)
    asked = [
        put(api(alice), "bob"),
        put(api(alice), "bob", "alice"),
        put(api(bob), "alice"),
        put(api(service_key), "alice", "bob"),
        put(api(service_key), "bob", "alice"),
    ]
    assert {each["id"] for each in asked} == {made["id"]}
    assert Conversation.objects.count() == 1


def test_it_is_the_one_that_was_started_before(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    assert put(api(alice), "bob")["id"] == direct.pk
    assert put(api(bob), "alice")["role"] == "member"


def test_other_pairs_and_groups_of_two_are_others(api: Any, alice: User, bob: User) -> None:
    services.create_conversation(owner=alice, participants=[bob], kind="group")
    ids = {
        put(api(alice), "bob", status=201)["id"],
        put(api(alice), "carol", status=201)["id"],
        put(api(bob), "carol", status=201)["id"],
    }
    assert len(ids) == 3


@pytest.mark.parametrize(
    "members",
    [[], ["alice"], ["bob", "bob"], ["alice", "alice"], ["alice", "bob", "carol"], ["nobody"],
     ["alice", "nobody"], "bob", [1], None],
)  # fmt: skip
def test_members_that_are_no_two_people_are_refused(api: Any, alice: User, members: Any) -> None:
    assert "members" in api(alice)("PUT", PATH, {"members": members}, 400)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    "members", [[], ["bob"], ["bob", "bob"], ["alice", "bob", "carol"], ["bob", "nobody"]]
)
def test_a_service_names_two_different_people(
    api: Any, service_key: str, members: list[str]
) -> None:
    assert "members" in api(service_key)("PUT", PATH, {"members": members}, 400)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("members", [["bob", "carol"], ["bob", "nobody"]])
def test_a_user_cannot_ask_for_others(api: Any, alice: User, members: list[str]) -> None:
    """Whether these exist, or have a conversation, makes no difference."""
    refused = put(api(alice), *members, status=403)
    assert refused["code"] == "permission_denied"
    assert "members" in refused["detail"]
    assert not Conversation.objects.exists()


def test_a_deactivated_person_cannot_be_named(api: Any, alice: User, bob: User) -> None:
    services.deactivate_user(user=bob)
    assert "members" in put(api(alice), "bob", status=400)


def test_who_left_and_asks_takes_part_again(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """As a recipient of later messages only; the other one's leaving stands."""
    api(bob).delete(f"/conversations/{direct.pk}/participants/bob/")
    missed = say(alice, direct)
    api(alice).delete(f"/conversations/{direct.pk}/participants/alice/")
    assert put(api(bob), "alice")["id"] == direct.pk
    api(bob).post(f"/messages/{missed.pk}/read/", status=403)
    assert api(alice).get(f"/conversations/{direct.pk}/", 404)["detail"]
    assert put(api(alice), "bob")["unread_count"] == 0
    later = say(alice, direct)
    assert api(bob).get("/me/")["unread_count"] == 1
    api(bob).post(f"/messages/{later.pk}/read/")


def test_a_service_brings_both_back(
    api: Any, direct: Conversation, alice: User, bob: User, service_key: str
) -> None:
    for who in (alice, bob):
        api(who).delete(f"/conversations/{direct.pk}/participants/{who.username}/")
    put(api(service_key), "alice", "bob")
    assert ConversationParticipant.objects.active().filter(conversation=direct).count() == 2


def test_who_is_banned_stays_out(api: Any, direct: Conversation, bob: User) -> None:
    """Moderation by other means than the API, which has no bans here."""
    services.remove_participant(conversation_id=direct.pk, user=bob, banned=True)
    assert "members" in put(api(bob), "alice", status=400)
    assert not ConversationParticipant.objects.active().filter(user=bob).exists()


def test_a_service_may_name_what_it_makes(api: Any, alice: User, service_key: str) -> None:
    """The name of a conversation that exists is left as it is."""
    backend = api(service_key)
    made = put(backend, "alice", "bob", status=201, external_id="dm-1")
    assert made["external_id"] == "dm-1"
    assert put(backend, "alice", "bob", external_id="dm-2") == made
    refused = put(api(alice), "bob", status=403, external_id="dm-3")
    assert "external_id" in refused["detail"]


def test_a_name_that_is_taken_makes_nothing(api: Any, service_key: str) -> None:
    backend = api(service_key)
    first = put(backend, "alice", "bob", status=201, external_id="dm-1")
    refused = put(backend, "alice", "carol", status=409, external_id="dm-1")
    assert refused["code"] == "conflict"
    assert f"Conversation {first['id']} " in refused["detail"]
    assert Conversation.objects.count() == 1


def test_to_find_it_takes_few_statements(
    api: Any, direct: Conversation, alice: User, statements: Any
) -> None:
    """And no lock: an app asks each time it opens a chat."""
    call = api(alice)
    put(call, "bob")
    with statements() as counted:
        put(call, "bob")
    assert len(counted) <= 7, counted.sql
    assert not any("FOR " in sql for sql in counted.sql)


class TestStartedTwice:
    """``POST /conversations/`` for two people who have a direct conversation."""

    def test_the_same_request_answers_what_is_there(
        self, api: Any, alice: User, carol: User
    ) -> None:
        pk = direct_with_carol(api, alice)
        body = {"kind": "direct", "participants": ["carol"]}
        assert api(alice).post("/conversations/", body)["id"] == pk
        body["participants"] = ["alice"]
        assert api(carol).post("/conversations/", body)["id"] == pk

    @pytest.mark.parametrize(
        ("change", "differs"),
        [
            ({"title": "Tea"}, "title"),
            ({"receipt_policy": "off"}, "receipt_policy"),
            ({"title": "Tea", "receipts_visible_to": "participants"}, "receipts_visible_to, title"),
        ],
    )
    def test_another_one_is_a_conflict(
        self, api: Any, alice: User, change: dict[str, str], differs: str
    ) -> None:
        pk = direct_with_carol(api, alice)
        body = {"kind": "direct", "participants": ["carol"], **change}
        refused = api(alice).post("/conversations/", body, 409)
        assert refused["code"] == "conflict"
        assert f"Conversation {pk} " in refused["detail"]
        assert sorted(refused["detail"].split(" in: ")[1].rstrip(".").split(", ")) == sorted(
            differs.split(", ")
        )

    def test_one_that_somebody_has_left_is_a_conflict(
        self, api: Any, alice: User, carol: User
    ) -> None:
        """Else a message would be sent to nobody; asking by members brings the asker back."""
        pk = direct_with_carol(api, alice)
        api(carol).delete(f"/conversations/{pk}/participants/carol/")
        body = {"kind": "direct", "participants": ["alice"]}
        refused = api(carol).post("/conversations/", body, 409)
        assert refused["detail"].endswith(" in: participants.")
        assert put(api(carol), "alice")["id"] == pk
        assert api(carol).post("/conversations/", body)["id"] == pk

    def test_an_owner_counts_where_a_service_names_one(
        self, api: Any, alice: User, service_key: str
    ) -> None:
        direct_with_carol(api, alice)
        backend, body = api(service_key), {"kind": "direct", "participants": ["alice", "carol"]}
        backend.post("/conversations/", body)
        backend.post("/conversations/", {**body, "owner": "alice"})
        refused = backend.post("/conversations/", {**body, "owner": "carol"}, 409)
        assert refused["detail"].endswith(" in: owner.")

    def test_one_without_a_name_gets_that_of_the_request(
        self, api: Any, alice: User, service_key: str
    ) -> None:
        """A backend that keeps no numbers could not reach it otherwise."""
        pk = direct_with_carol(api, alice)
        backend = api(service_key)
        body = {"kind": "direct", "participants": ["alice", "carol"], "external_id": "dm-1"}
        backend.post("/conversations/", {**body, "title": "Tea"}, 409)
        assert api(alice).get(f"/conversations/{pk}/")["external_id"] is None
        named = backend.post("/conversations/", body)
        assert (named["id"], named["external_id"]) == (pk, "dm-1")

    def test_another_name_is_a_conflict_that_names_it(self, api: Any, service_key: str) -> None:
        backend = api(service_key)
        body = {"kind": "direct", "participants": ["alice", "carol"], "external_id": "dm-1"}
        pk = backend.post("/conversations/", body, 201)["id"]
        refused = backend.post("/conversations/", {**body, "external_id": "dm-2"}, 409)
        assert f"Conversation {pk} " in refused["detail"]
        assert "'dm-1'" in refused["detail"]
        assert refused["detail"].endswith(" in: external_id.")
        backend.post("/conversations/", body)


def test_others_of_the_same_two_keep_working(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Those that came to be before there could be one only."""
    other = Conversation.objects.create(kind="direct", external_id="old")
    for who in (alice, bob):
        ConversationParticipant.objects.create(conversation=other, user=who)
    api(alice).post(f"/conversations/{other.pk}/messages/", {"body": "hello"}, 201)
    assert api(bob).get(f"/conversations/{other.pk}/")["unread_count"] == 1
    assert put(api(bob), "alice")["id"] == direct.pk


def test_after_it_is_deleted_there_is_a_new_one(
    api: Any, direct: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """What was deleted does not come back; its row may still be there."""
    services.delete_conversation(conversation_id=direct.pk)
    made = put(api(alice), "bob", status=201)
    assert made["id"] != direct.pk
    assert put(api(bob), "alice")["id"] == made["id"]
    assert Conversation.objects.count() == 2
