"""Names that a backend gives to messages: unique over all conversations, and never taken twice."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, MessageName, User
from tests.support.naming import IN_ROOM


def test_the_same_message_sent_again_is_one(
    api: Any, service_key: str, cake: dict[str, Any]
) -> None:
    body = {"sender": "alice", "body": "cake?", "external_id": "cake-1"}
    again = api(service_key).post(f"{IN_ROOM}/messages/", body, 200)
    assert again["id"] == cake["id"]
    assert Message.objects.count() == MessageName.objects.count() == 1


@pytest.mark.parametrize(
    ("differs", "named"),
    [
        ({"body": "tea?"}, "body"),
        ({"sender": "bob"}, "sender"),
        ({"client_id": "c"}, "client_id"),
        ({"sent_at": "2026-01-01T00:00:00Z"}, "sent_at"),
    ],
)
def test_a_name_is_given_to_one_message(
    api: Any, service_key: str, cake: dict[str, Any], differs: dict[str, str], named: str
) -> None:
    """The refusal says which one has it, and what is different."""
    body = {"sender": "alice", "body": "cake?", "external_id": "cake-1", **differs}
    refused = api(service_key).post(f"{IN_ROOM}/messages/", body, 409)
    assert str(cake["id"]) in refused["detail"]
    assert named in refused["detail"]
    assert Message.objects.count() == 1


def test_a_name_is_unique_over_all_conversations(
    api: Any, service_key: str, cake: dict[str, Any], group: Conversation, alice: User
) -> None:
    body = {"sender": "alice", "body": "cake?", "external_id": "cake-1"}
    refused = api(service_key).post(f"/conversations/{group.pk}/messages/", body, 409)
    assert "conversation" in refused["detail"]
    assert str(cake["id"]) in refused["detail"]


def test_two_ids_of_two_messages_are_no_message(
    api: Any, service_key: str, cake: dict[str, Any]
) -> None:
    app = api(service_key)
    body = {"sender": "alice", "body": "x", "client_id": "c1", "external_id": "cake-2"}
    app.post(f"{IN_ROOM}/messages/", body, 201)
    refused = app.post(f"{IN_ROOM}/messages/", {**body, "external_id": "cake-1"}, 409)
    assert "client_id" in refused["detail"]
    assert "external_id" in refused["detail"]


def test_only_a_service_names_a_message(api: Any, group: Conversation, alice: User) -> None:
    """Otherwise any user could take a name before the backend uses it."""
    body = {"body": "x", "external_id": "cake-1"}
    api(alice).post(f"/conversations/{group.pk}/messages/", body, 403)
    assert not MessageName.objects.exists()


@pytest.mark.parametrize("name", ["", "x" * 256, "a\tb", 7, "\x00"])
def test_a_wrong_name_is_named(api: Any, service_key: str, tea: str, name: Any) -> None:
    body = {"sender": "alice", "body": "x", "external_id": name}
    assert set(api(service_key).post(f"{IN_ROOM}/messages/", body, 400)) == {"external_id"}
