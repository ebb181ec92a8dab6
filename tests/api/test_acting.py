"""Whom a caller acts for (rule 18), and where callers get their secrets."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from chat.models import Conversation, ServiceKey, User
from tests.support.cast import say
from tests.support.database import nothing_written


@pytest.fixture
def calls(group: Conversation, alice: User) -> list[tuple[str, str, dict[str, Any]]]:
    """The calls in which a service account names somebody: path, field, the rest of the body."""
    message = say(alice, group)
    return [
        (f"/messages/{message.pk}/delivered/", "user", {}),
        (f"/messages/{message.pk}/read/", "user", {}),
        (f"/conversations/{group.pk}/mark-delivered/", "user", {}),
        (f"/conversations/{group.pk}/mark-read/", "user", {}),
        (f"/conversations/{group.pk}/messages/", "sender", {"body": "hi"}),
        ("/conversations/", "owner", {"kind": "group", "participants": ["carol"]}),
    ]


def test_only_a_service_account_names_another_user(
    api: Any, bob: User, moderator: User, calls: Any
) -> None:
    """Rule 18: the acting user is the token's; a moderator is no exception."""
    for caller in (api(bob), api(moderator)):
        with nothing_written():
            for path, field, rest in calls:
                refused = caller.post(path, {field: "carol", **rest}, status=403)
                assert refused["code"] == "permission_denied", path


def test_one_may_name_oneself(api: Any, bob: User, calls: Any) -> None:
    """Rule 18: it says nothing new."""
    for path, field, rest in calls:
        api(bob).post(path, {field: "bob", **rest}, status=201 if rest else 200)


def test_a_service_account_says_whom_it_acts_for(api: Any, service_key: str, calls: Any) -> None:
    """Rule 18: it takes part in nothing itself, so the field is missing; an owner may be."""
    with nothing_written():
        for path, field, rest in calls[:-1]:
            assert set(api(service_key).post(path, rest, status=400)) == {field}, path


def test_a_service_account_acts_for_any_user(
    api: Any, bob: User, service_key: str, calls: Any
) -> None:
    """Rule 18: what it does in bob's name is bob's."""
    for path, field, rest in calls:
        api(service_key).post(path, {field: "bob", **rest}, status=201 if rest else 200)
    assert api(bob).get("/me/")["unread_count"] == 0


def test_only_a_service_account_says_when_a_message_was_sent(
    api: Any, group: Conversation, bob: User, service_key: str
) -> None:
    """Rule 18: a time of one's choice would be somebody else's word."""
    path, at = f"/conversations/{group.pk}/messages/", "2026-01-01T00:00:00Z"
    api(bob).post(path, {"body": "hi", "sent_at": at}, status=403)
    body = {"body": "hi", "sender": "bob", "sent_at": at}
    sent = api(service_key).post(path, body, status=201)
    assert sent["created_at"] == at


def test_a_mark_asks_nothing_about_the_tokens_user(
    api: Any, bob: User, statements: Any, calls: Any
) -> None:
    """A mark needs no query to know its caller."""
    caller = api(bob)
    with statements() as counted:
        for path, _, _ in calls[:4]:
            caller.post(path)
    assert counted.sql
    assert not [sql for sql in counted.sql if 'FROM "chat_user"' in sql]


def test_looking_marks_nothing(api: Any, group: Conversation, alice: User, bob: User) -> None:
    """Rule 18: a GET never marks anything, whoever looks."""
    say(bob, group)
    message = say(alice, group)
    with nothing_written():
        for who in (alice, bob):
            caller = api(who)
            for path in ("messages/", "participants/", "participants/bob/", ""):
                caller.get(f"/conversations/{group.pk}/{path}")
            for path in ("/conversations/", "/me/", f"/receipts/?messages={message.pk}"):
                caller.get(path)
            caller.get(f"/messages/{message.pk}/")
            for path in ("status", "recipients"):
                caller.get(f"/messages/{message.pk}/{path}/", status=200 if who == alice else 403)
    assert api(bob).get("/me/")["unread_count"] == 1


def test_a_session_reads_and_writes_only_with_its_csrf_token(
    group: Conversation, moderator: User
) -> None:
    """Sessions are for pages, which another site's page must not use."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(moderator)
    assert client.get(f"/api/v1/conversations/{group.pk}/").status_code == 200
    with nothing_written():
        answer = client.patch("/api/v1/me/", {"display_name": "x"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def issued(command: str, *arguments: str) -> str:
    """What a command prints where a script reads it."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_token_is_issued(api: Any, bob: User) -> None:
    """Nothing is printed beside it, so that a script can take it."""
    printed = issued("issue_token", "bob")
    assert printed == printed.strip() + "\n"
    assert api(printed.strip()).get("/me/")["username"] == "bob"


@pytest.mark.parametrize("name", ["shop", "s" * 255, "shop/eu/1"])
def test_a_service_key_is_issued_and_shown_once(api: Any, bob: User, name: str) -> None:
    """It makes the account; only a hash is kept; another call makes another key."""
    read_only = issued("issue_service_key", name, "--scope=read").strip()
    everything = issued("issue_service_key", name).strip()
    for key in (read_only, everything):
        assert api(key).get("/users/bob/")["username"] == "bob"
        assert key not in str(list(ServiceKey.objects.values()))
    api(read_only).post("/users/", {"username": "erin"}, status=403)
    api(everything).post("/users/", {"username": "erin"}, status=201)


@pytest.mark.parametrize(
    ("command", "arguments", "named"),
    [
        ("issue_token", ["nobody"], "USERNAME"),
        ("issue_token", ["backend"], "USERNAME"),
        ("issue_token", ["gone"], "USERNAME"),
        ("issue_token", [], "USERNAME"),
        ("issue_service_key", ["bob"], "NAME"),
        ("issue_service_key", ["gone"], "NAME"),
        ("issue_service_key", ["a\nb"], "NAME"),
        ("issue_service_key", ["x" * 256], "NAME"),
        ("issue_service_key", [], "NAME"),
        ("issue_service_key", ["shop", "--scope=all"], "--scope"),
    ],
)
def test_a_command_names_the_argument_that_is_wrong(
    bob: User, service_key: str, command: str, arguments: list[str], named: str
) -> None:
    """And issues nothing."""
    User.objects.create_user("gone", is_active=False)
    with nothing_written(), pytest.raises(CommandError, match=named):
        issued(command, *arguments)
