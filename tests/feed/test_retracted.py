"""What a cursor from before a read shows of it, once the read has become private."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from tests.support.cast import ON_POSTGRES, say
from tests.support.following import Follow

#: A position is a snapshot on PostgreSQL, in which nothing is to be seen before it is committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

EARLIER = {"private": True, "at": "2020-01-01T00:00:00Z"}


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group)


def states(events: list[dict[str, Any]]) -> set[str]:
    return {mark["state"] for event in events for mark in event.get("marks", [])}


def taken_back(how: str, call: Any, message: Message) -> None:
    if how == "retract":
        call.post("/me/retract-receipts/")
    elif how == "single":
        call.post(f"/messages/{message.pk}/read/", EARLIER)
    elif how == "bulk":
        call.post(f"/conversations/{message.conversation_id}/mark-read/", EARLIER)
    else:
        item = {"message": message.pk, "state": "read", **EARLIER}
        call.post("/receipts/", {"receipts": [item]})


@pytest.mark.parametrize("how", ["retract", "single", "bulk", "batch"])
def test_a_read_that_became_private_is_published_as_a_delivery(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, how: str
) -> None:
    """Rule 13: a cursor from before the read tells no more than one from after it."""
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    taken_back(how, api(bob), message)
    assert states(heard()) == {"delivered"}


def test_other_reads_stay_published(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Those of others, and the reader's own of other messages."""
    other = say(alice, message.conversation)
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(bob).post(f"/messages/{other.pk}/read/")
    api(carol).post(f"/messages/{message.pk}/read/")
    taken_back("single", api(bob), message)
    marks = [mark for event in heard() for mark in event.get("marks", [])]
    read = {(mark["user"], mark["first_message"]) for mark in marks if mark["state"] == "read"}
    assert read == {("bob", other.pk), ("carol", message.pk)}
