"""Agora's one call: who has read a group's message, newest first, with what they answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.agora import read
from tests.support.cast import say

#: The query that its SDK always sends, including the word ``undefined``.
AS_SENT = "?limit=500&key=undefined"


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    Conversation.objects.filter(pk=group.pk).update(external_id="184524748161025")
    return say(alice, group, sent_at=timezone.now() - timedelta(hours=1))


def path_of(message: Message, query: str = AS_SENT, group: str = "184524748161025") -> str:
    return f"/41117440/demo/chatgroups/{group}/acks/{message.pk}{query}"


def ask(who: User | str | None, path: str) -> Any:
    secret = issue_token(who)[0] if isinstance(who, User) else who
    return Client(headers={"Authorization": f"Bearer {secret}"} if secret else {}).get(path)


def test_readers_come_newest_first_with_what_they_answered(
    message: Message, alice: User, bob: User, carol: User, service_key: str
) -> None:
    read(carol, message, 5, content="understood")
    read(bob, message, 3)
    data = ask(alice, path_of(message)).json()["data"]
    assert (data["ackmid"], data["total"]) == (str(message.pk), 2)
    assert (data["userlist"], data["is_last"], data["next_key"]) == (["carol", "bob"], True, "")
    first, second = data["acks"]
    assert (first["from"], first["content"]) == ("carol", "understood")
    assert (second["from"], second["content"]) == ("bob", "")
    assert first["timestamp"] - second["timestamp"] == 2 * 60 * 1000
    assert {ack["msg_id"] for ack in data["acks"]} == {str(message.pk)}
    assert len({ack["ack_id"] for ack in data["acks"]}) == 2
    assert {ack["count"] for ack in data["acks"]} == {2}
    assert isinstance(data["timestamp"], int)
    assert ask(service_key, path_of(message)).json()["data"]["userlist"] == ["carol", "bob"]


def test_a_cursor_stays_where_it_was_while_others_read(
    group: Conversation, message: Message, alice: User
) -> None:
    """Also between readers with the same time."""
    people = [User.objects.create_user(f"u{number}") for number in range(6)]
    for user in people:
        services.add_participant(conversation_id=group.pk, user=user)
    wide = say(alice, group, sent_at=timezone.now() - timedelta(hours=1))
    for number, user in enumerate(people[:5]):
        read(user, wide, 1 if number < 3 else number)
    key, found = "undefined", []
    for page in range(3):
        data = ask(alice, path_of(wide, f"?limit=2&key={key}")).json()["data"]
        found += data["userlist"]
        key = data["next_key"]
        assert data["is_last"] == (page == 2)
        if page == 0:
            read(people[5], wide, 9)
    assert found == ["u4", "u3", "u2", "u1", "u0"]
    assert key == ""


def test_a_private_read_is_a_delivery_to_the_byte(
    api: Any, message: Message, alice: User, bob: User, carol: User, monkeypatch: Any
) -> None:
    """Rule 13."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    read(carol, message, 5)

    def told() -> bytes:
        return ask(alice, path_of(message)).content

    api(bob).post(f"/messages/{message.pk}/delivered/")
    delivered = told()
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True, "content": "psst"})
    assert MessageStatus.objects.get(recipient=bob).seen_at is not None
    assert told() == delivered
    assert b"carol" in delivered


def test_who_hides_reads_is_told_of_none(
    message: Message, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14."""
    read(bob, message, 1)
    settings.RECEIPTS_RECIPROCAL = True
    User.objects.filter(pk=alice.pk).update(read_receipts_enabled=False)
    data = ask(alice, path_of(message)).json()["data"]
    assert (data["total"], data["userlist"], data["acks"]) == (0, [], [])


def refused(response: Any, status: int, error: str) -> bool:
    body = response.json()
    assert (response.status_code, body.get("error")) == (status, error), response.content
    return set(body) == {"error", "exception", "error_description", "timestamp", "duration"}


def test_receipts_are_for_whom_they_are_natively(
    message: Message, group: Conversation, direct: Conversation,
    alice: User, bob: User, dave: User, moderator: User,
) -> None:  # fmt: skip
    """Rule 17: the sender and moderators; a participant is refused, a stranger gets 404."""
    assert ask(alice, path_of(message)).status_code == 200
    assert ask(moderator, path_of(message)).status_code == 200
    assert refused(ask(bob, path_of(message)), 403, "forbidden_op")
    assert refused(ask(dave, path_of(message)), 404, "service_resource_not_found")
    for nobody in (None, "x", "sk_x"):
        assert refused(ask(nobody, path_of(message)), 401, "unauthorized")
    for name in (str(direct.pk), str(group.pk), "nowhere"):
        wrong = path_of(message, group=name)
        assert refused(ask(alice, wrong), 404, "service_resource_not_found")


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=501", "?limit=x", "?key=x", "?key=1_", "?key=_1", "?key=1_x", "?page=1",
     "?key=9999999999999999999_1", "?limit=%00"],
)  # fmt: skip
def test_bad_input_is_refused_in_its_shape(message: Message, alice: User, query: str) -> None:
    assert refused(ask(alice, path_of(message, query)), 400, "illegal_argument")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/o/a/chatgroups", "/o/a/chatgroups/1", "/o/a/chatgroups/1/acks/x", "/o/a/chatgroups/%0A/"],
)
def test_unknown_addresses_are_refused_in_its_shape(path: str) -> None:
    for method in ("get", "post", "delete"):
        response = getattr(Client(), method)(path)
        assert refused(response, 404, "service_resource_not_found")
    assert set(Client().get("/api/v1/chatgroups/1/acks/1").json()) == {"detail", "code"}
    assert refused(Client().post("/o/a/chatgroups/1/acks/1"), 401, "unauthorized")


def test_the_number_of_statements_is_constant(
    message: Message, alice: User, bob: User, carol: User, statements: Callable[[], Any]
) -> None:
    for number in range(2):
        with statements() as counted:
            assert ask(alice, path_of(message)).status_code == 200
        assert len(counted) == 4
        read((bob, carol)[number], message, number)
