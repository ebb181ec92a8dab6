"""Names that are taken: the same thing, or a conflict, and never somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, Message, Role, User
from receipts import services
from tests.support.cast import say

ORDER = {
    "kind": "group", "external_id": "order-1", "owner": "alice", "participants": ["bob", "carol"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def people(alice: User, bob: User, carol: User, dave: User) -> None:
    """All of them are there."""


@pytest.mark.parametrize("who", ["dave", "mia"])
def test_only_service_accounts_set_an_external_id(api: Any, moderator: User, who: str) -> None:
    """Else whoever takes a name first is in the backend's conversation of that name."""
    body = {"kind": "group", "external_id": "order-1", "participants": ["dave"]}
    refused = api(User.objects.get(username=who)).post("/conversations/", body, 403)
    assert refused["code"] == "permission_denied"
    assert "external_id" in refused["detail"]
    assert not Conversation.objects.exists()


def test_a_person_starts_conversations_without_one(api: Any, dave: User) -> None:
    for body in {"kind": "group", "participants": []}, {"kind": "group", "participants": [],
                                                        "external_id": None}:  # fmt: skip
        assert api(dave).post("/conversations/", body, 201)["external_id"] is None


def test_the_refusal_does_not_tell_whether_the_id_is_taken(
    api: Any, dave: User, service_key: str
) -> None:
    api(service_key).post("/conversations/", ORDER, 201)
    call = api(dave)
    answers = [
        call.post(
            "/conversations/", {"kind": "group", "participants": [], "external_id": name}, 403
        )
        for name in ("order-1", "order-2")
    ]
    assert answers[0] == answers[1]


def test_the_same_request_answers_what_is_there(api: Any, service_key: str) -> None:
    backend = api(service_key)
    first = backend.post("/conversations/", ORDER, 201)
    again = {**ORDER, "participants": ["carol", "bob", "bob", "alice"]}
    assert backend.post("/conversations/", again) == first


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"kind": "direct", "participants": ["bob"]}, ["kind", "participants"]),
        ({"title": "Another"}, ["title"]),
        ({"receipt_policy": "off"}, ["receipt_policy"]),
        ({"owner": "bob", "participants": ["alice", "carol"]}, ["owner"]),
        ({"owner": None}, ["owner", "participants"]),
        ({"owner": None, "participants": ["alice", "bob", "carol"]}, ["owner"]),
        ({"participants": ["bob"]}, ["participants"]),
        ({"participants": ["bob", "carol", "dave"]}, ["participants"]),
        ({"owner": "dave"}, ["owner", "participants"]),
    ],
)
def test_another_request_with_its_external_id_is_a_conflict(
    api: Any, service_key: str, change: dict[str, Any], differs: list[str]
) -> None:
    """It says which conversation has the id, and what differs."""
    backend = api(service_key)
    first = backend.post("/conversations/", ORDER, 201)
    body = {name: value for name, value in {**ORDER, **change}.items() if value is not None}
    refused = backend.post("/conversations/", body, 409)
    assert refused["code"] == "conflict"
    assert f"Conversation {first['id']} " in refused["detail"]
    assert refused["detail"].endswith(f" in: {', '.join(differs)}.")
    assert ConversationParticipant.objects.count() == 3


def test_who_was_added_or_has_left_makes_a_difference(api: Any, service_key: str) -> None:
    """Else a backend would write to people whom it did not name, or not to those it did."""
    backend = api(service_key)
    pk = backend.post("/conversations/", ORDER, 201)["id"]
    backend.post(f"/conversations/{pk}/participants/", {"user": "dave"}, 201)
    backend.post("/conversations/", ORDER, 409)
    backend.delete(f"/conversations/{pk}/participants/dave/")
    backend.post("/conversations/", ORDER)
    ConversationParticipant.objects.filter(user__username="bob").update(role=Role.OWNER)
    backend.post("/conversations/", ORDER, 409)


def test_a_conversation_without_an_owner_is_one_without_an_owner(
    api: Any, service_key: str
) -> None:
    backend = api(service_key)
    body = {"kind": "group", "external_id": "order-2", "participants": ["bob"]}
    first = backend.post("/conversations/", body, 201)
    assert backend.post("/conversations/", body) == first
    backend.post("/conversations/", {**body, "owner": "bob"}, 409)


def test_another_message_with_its_client_id_is_a_conflict(
    api: Any, group: Conversation, alice: User, service_key: str
) -> None:
    """It would be lost: alice has taken the id that the backend sends in her name with."""
    say(alice, group, "squatted", client_id="order-1")
    path, backend = f"/conversations/{group.pk}/messages/", api(service_key)
    body = {"sender": "alice", "body": "Your order has come.", "client_id": "order-1"}
    assert backend.post(path, body, 409)["code"] == "conflict"
    assert api(alice).post(path, {"body": "x", "client_id": "order-1"}, 409)["code"] == "conflict"
    timed = {**body, "body": "squatted", "sent_at": "2020-01-01T00:00:00Z"}
    assert backend.post(path, timed, 409)["code"] == "conflict"
    assert Message.objects.count() == 1


def test_the_same_message_with_its_time_is_the_same(
    api: Any, group: Conversation, alice: User, service_key: str
) -> None:
    body = {
        "sender": "alice", "body": "tea?", "client_id": "c", "sent_at": "2020-01-01T00:00:00.5Z",
    }  # fmt: skip
    path, backend = f"/conversations/{group.pk}/messages/", api(service_key)
    assert backend.post(path, body, 201) == backend.post(path, body)
    without = {name: value for name, value in body.items() if name != "sent_at"}
    assert backend.post(path, without)["body"] == "tea?"


def test_gateways_refuse_another_message_under_the_same_name(
    api: Any, group: Conversation, alice: User, service_key: str
) -> None:
    """Sendbird's ``dedup_id``, and ``referenceId`` of social.plus."""
    say(alice, group, "first", client_id="one")
    sendbird = api(None)
    sendbird.client.credentials(HTTP_API_TOKEN=service_key)
    sent = {"message_type": "MESG", "user_id": "alice", "message": "second", "dedup_id": "one"}
    path = f"http://testserver/v3/group_channels/seenby_{group.pk}/messages"
    refused = sendbird.post(path, sent, 400)
    assert (refused["error"], refused["code"]) == (True, 400202)
    body = {
        "messageFeedId": str(group.pk), "dataType": "text", "data": {"text": "second"},
        "referenceId": "one",
    }  # fmt: skip
    refused = api(alice).post("http://testserver/api/v5/messages", body, 409)
    assert refused["code"] == 400900
    assert Message.objects.count() == 1


def test_another_profile_of_a_username_is_a_conflict(api: Any, service_key: str) -> None:
    backend = api(service_key)
    body = {"username": "erin", "display_name": "Erin"}
    first = backend.post("/users/", body, 201)
    assert backend.post("/users/", body) == first
    refused = backend.post("/users/", {**body, "display_name": "Another"}, 409)
    assert refused["code"] == "conflict"
    assert "display_name" in refused["detail"]
    assert backend.get("/users/erin/") == first


def test_a_channel_of_sendbirds_takes_no_name_twice(
    api: Any, alice: User, service_key: str
) -> None:
    """Whatever has the name: it is created once, and never joined so."""
    services.create_conversation(owner=alice, participants=[], kind="group", external_id="order-1")
    sendbird = api(None)
    sendbird.client.credentials(HTTP_API_TOKEN=service_key)
    body = {"channel_url": "order-1", "user_ids": ["bob"]}
    refused = sendbird.post("http://testserver/v3/group_channels", body, 400)
    assert refused["code"] == 400202
    assert ConversationParticipant.objects.count() == 1
