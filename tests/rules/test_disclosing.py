"""A private read that is followed by an explicit open mark is disclosed (rule 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime

from chat.models import Conversation, Message, User
from tests.support.cast import say

#: An explicit open mark by each door, from a message and its conversation.
DOORS = {
    "single": lambda m: (f"/messages/{m.pk}/read/", {"private": False}),
    "batch": lambda m: (
        "/receipts/",
        {"receipts": [{"message": m.pk, "state": "read", "private": False}]},
    ),
    "bulk": lambda m: (f"/conversations/{m.conversation_id}/mark-read/", {"private": False}),
    "all": lambda m: ("/me/mark-read/", {"private": False}),
}


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group)


def row(api: Any, alice: User, message: Message) -> Any:
    found = api(alice).get(f"/messages/{message.pk}/recipients/?search=bob")["results"]
    return found[0]


@pytest.mark.parametrize("door", DOORS)
def test_an_explicit_open_mark_discloses_a_private_read_with_its_own_time(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 13: others see the time of the open mark, the reader keeps that of the private one."""
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    private = message.statuses.get(recipient=bob).seen_at
    api(bob).post(*DOORS[door](message))
    found = row(api, alice, message)
    assert found["state"] == "read"
    assert parse_datetime(found["read_at"]) > private
    assert message.statuses.get(recipient=bob).seen_at == private
    assert api(alice).get(f"/messages/{message.pk}/status/")["read_count"] == 1


@pytest.mark.parametrize("door", DOORS)
def test_an_open_mark_that_is_not_explicit_discloses_nothing(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 6: the earliest read decides, with its privacy."""
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    path, body = DOORS[door](message)
    for mark in body.get("receipts", [body]):
        del mark["private"]
    api(bob).post(path, body)
    assert row(api, alice, message)["state"] == "delivered"


@pytest.mark.parametrize("door", DOORS)
def test_the_switch_overrules_an_explicit_open_mark(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 13: who hides reads by the switch discloses none by a client's default."""
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/messages/{message.pk}/read/")
    api(bob).post(*DOORS[door](message))
    assert row(api, alice, message)["state"] == "delivered"


@pytest.mark.parametrize("door", DOORS)
def test_repeating_an_explicit_open_mark_changes_nothing(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 5."""
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    api(bob).post(*DOORS[door](message))
    first = row(api, alice, message)
    api(bob).post(*DOORS[door](message))
    assert row(api, alice, message) == first


def test_a_private_mark_that_arrives_later_does_not_hide_a_disclosed_read(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rule 13: the explicit mark is the reader's last word, until they retract."""
    path, start = f"/messages/{message.pk}/read/", message.created_at
    moments = [(start + timedelta(microseconds=step)).isoformat() for step in (20, 40, 10, 30)]
    for at, private in zip(moments, (True, False, True, True), strict=True):
        api(bob).post(path, {"private": private, "at": at})
    found = row(api, alice, message)
    assert parse_datetime(found["read_at"]) == start + timedelta(microseconds=40)
    api(bob).post("/me/retract-receipts/")
    assert row(api, alice, message)["state"] == "delivered"


def test_the_earliest_of_several_explicit_open_marks_counts(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rule 6: explicit marks commute among themselves."""
    path, start = f"/messages/{message.pk}/read/", message.created_at
    for step, private in ((1, True), (9, False), (5, False)):
        at = (start + timedelta(microseconds=step)).isoformat()
        api(bob).post(path, {"private": private, "at": at})
    found = row(api, alice, message)
    assert parse_datetime(found["read_at"]) == start + timedelta(microseconds=5)


def test_a_disclosed_read_lets_the_watermark_pass(
    api: Any, message: Message, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rules 7 and 13: it was held back by the private read alone."""
    where = f"/conversations/{group.pk}/participants/bob/"
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    newest = say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert api(service_key).get(where)["last_read_message"] is None
    api(bob).post(f"/messages/{message.pk}/read/", {"private": False})
    assert api(service_key).get(where)["last_read_message"] == newest.pk


@pytest.mark.django_db(transaction=True)
def test_the_sender_gets_an_event_of_a_disclosed_read(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rule 13: as of any open read."""
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    cursor = api(alice).get("/events/")["cursor"]
    api(bob).post(f"/messages/{message.pk}/read/", {"private": False})
    events = api(alice).get(f"/events/?after={cursor}")["results"]
    assert [mark["state"] for event in events for mark in event["marks"]] == ["read"]
