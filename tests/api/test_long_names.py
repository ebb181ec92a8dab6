"""Usernames of 255 characters, with slashes, at every door of the API; longer ones are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.cast import say
from tests.support.commands import run

LONGEST = "room@chat.example/" + "Ö" * 237
TOO_LONG = LONGEST + "x"


@pytest.fixture
def ann(group: Conversation) -> User:
    """Somebody with the longest name, who takes part."""
    user = User.objects.create(username=LONGEST)
    services.add_participant(conversation_id=group.pk, user=user)
    return user


def test_somebody_with_the_longest_name_is_created_and_takes_part(
    api: Any, service_key: str, group: Conversation
) -> None:
    backend = api(service_key)
    assert backend.post("/users/", {"username": LONGEST}, 201)["username"] == LONGEST
    path = f"/conversations/{group.pk}/participants/"
    assert backend.post(path, {"user": LONGEST}, 201)["user"] == LONGEST
    people = {"kind": "group", "participants": [LONGEST], "owner": LONGEST}
    assert backend.post("/conversations/", people, 201)["kind"] == "group"


def test_they_send_and_mark(
    api: Any, service_key: str, group: Conversation, ann: User, alice: User
) -> None:
    """By their own token, and by a service account that names them."""
    backend = api(service_key)
    message = say(alice, group)
    read = {"message": message.pk, "state": "read", "user": LONGEST}
    [result] = backend.post("/receipts/", {"receipts": [read]})["results"]
    assert result["result"] == "applied"
    found = backend.get(f"/messages/{message.pk}/recipients/?search={quote(LONGEST)}")["results"]
    assert [each["user"] for each in found] == [LONGEST]
    assert backend.post(f"/messages/{message.pk}/read/", {"user": LONGEST})["user"] == LONGEST
    sent = backend.post(
        f"/conversations/{group.pk}/messages/", {"body": "hi", "sender": LONGEST}, 201
    )
    assert sent["sender"] == LONGEST
    assert api(ann).get("/me/")["username"] == LONGEST


DOORS = [
    ("/users/", "username", {}),
    ("/conversations/", "owner", {"kind": "group", "participants": ["bob"]}),
    ("/conversations/{c}/participants/", "user", {}),
    ("/conversations/{c}/messages/", "sender", {"body": "hi"}),
    ("/conversations/{c}/mark-read/", "user", {}),
    ("/conversations/{c}/mark-delivered/", "user", {}),
    ("/messages/{m}/read/", "user", {}),
    ("/messages/{m}/delivered/", "user", {}),
    ("/messages/{m}/failed/", "user", {"reason": "no device"}),
    ("/me/mark-read/", "user", {}),
    ("/me/retract-receipts/", "user", {}),
]


@pytest.mark.parametrize(("path", "field", "body"), DOORS)
def test_a_longer_name_is_refused_with_its_field(
    api: Any, service_key: str, group: Conversation, alice: User, path: str, field: str, body: Any
) -> None:
    message = say(alice, group)
    path = path.replace("{c}", str(group.pk)).replace("{m}", str(message.pk))
    errors = api(service_key).post(path, {**body, field: TOO_LONG}, 400)
    assert set(errors) == {field}
    assert "255" in str(errors[field])


def test_it_is_refused_in_lists_with_its_place(
    api: Any, service_key: str, group: Conversation, alice: User
) -> None:
    backend, message = api(service_key), say(alice, group)
    people = {"kind": "group", "participants": ["bob", TOO_LONG]}
    errors = backend.post("/conversations/", people, 400)
    assert set(errors["participants"]) == {"1"}
    read = {"message": message.pk, "state": "read", "user": TOO_LONG}
    [result] = backend.post("/receipts/", {"receipts": [read]})["results"]
    assert (result["result"], set(result["errors"])) == ("invalid", {"user"})


def test_commands_issue_them_a_token_and_a_key(api: Any, ann: User) -> None:
    (token,) = run("issue_token", LONGEST)
    assert api(token).get("/me/")["username"] == LONGEST
    (key,) = run("issue_service_key", "shop/" + "s" * 250)
    assert api(key).get(f"/conversations/{ann.participations.get().conversation_id}/")
