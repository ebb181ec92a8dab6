"""What a cursor from before a read shows of it, once the read has become private."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

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
        body = {"up_to_message": message.pk, **EARLIER}
        call.post(f"/conversations/{message.conversation_id}/mark-read/", body)
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


def sent_long_ago(conversation: Conversation, sender: User, **how: Any) -> Message:
    """A message that arrives now, with a time before all others."""
    return say(sender, conversation, sent_at=timezone.now() - timedelta(days=9), **how)


@pytest.mark.parametrize("others", [0, 30])
def test_reads_of_a_bulk_mark_are_concealed_once_all_of_them_are_private(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User, others: int
) -> None:
    """Those that the event names and those that it does not, in the order of time."""
    messages = [say(alice, group) for _ in range(2 + others)]
    messages.insert(0, sent_long_ago(group, alice))
    before, after = follow(alice), follow(alice)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    for message in messages[1:]:
        taken_back("single", api(bob), message)
    assert "read" in states(before())
    taken_back("single", api(bob), messages[0])
    assert states(after()) == {"delivered"}


def test_what_a_reader_has_read_of_others_conceals_nothing_of_theirs(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """An open read of carol's message between alice's two does not keep alice's event open."""
    first = say(alice, group)
    say(carol, group, mark_read=False)
    last = say(alice, group, mark_read=False)
    heard = follow(alice)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    for message in (first, last):
        taken_back("single", api(bob), message)
    assert states(heard()) == {"delivered"}


def test_a_read_of_a_message_that_arrived_late_is_concealed_by_itself(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Its id is higher than that of a message that stands after it."""
    old = sent_long_ago(message.conversation, alice)
    heard = follow(alice)
    for each in (message, old):
        api(bob).post(f"/messages/{each.pk}/read/")
    taken_back("single", api(bob), old)
    marks = [mark for event in heard() for mark in event.get("marks", [])]
    read = {mark["first_message"] for mark in marks if mark["state"] == "read"}
    assert read == {message.pk}


def delivered_before(how: str, call: Any, message: Message) -> None:
    """A private delivery at an earlier time, by each door."""
    call.patch("/me/", {"delivery_receipts_enabled": False})
    early = {"at": "2020-01-01T00:00:00Z"}
    item = {"message": message.pk, "state": "delivered", **early}
    path, body = {
        "single": (f"/messages/{message.pk}/delivered/", early),
        "read": (f"/messages/{message.pk}/read/", {"private": True, **early}),
        "bulk": (
            f"/conversations/{message.conversation_id}/mark-delivered/",
            {"up_to_message": message.pk, **early},
        ),
        "batch": ("/receipts/", {"receipts": [item]}),
    }[how]
    call.post(path, body)


@pytest.mark.parametrize("mark", ["delivered", "read"])
@pytest.mark.parametrize("how", ["single", "read", "bulk", "batch"])
def test_a_delivery_that_became_private_is_published_no_more(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, how: str, mark: str
) -> None:
    """Rule 13: also one that a read implied. The row is pending, unless a read is still open."""
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    if mark == "read":
        api(bob).post(f"/messages/{message.pk}/read/")
    delivered_before(how, api(bob), message)
    stays_read = mark == "read" and how != "read"
    assert states(heard()) == ({"read"} if stays_read else {"pending"})


def test_a_retracted_read_that_disclosed_a_private_delivery_is_published_no_more(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 13: neither the read nor the delivery; what was delivered openly stays published."""
    openly = say(alice, message.conversation)
    heard = follow(alice)
    api(bob).post(f"/messages/{openly.pk}/delivered/")
    api(bob).patch("/me/", {"delivery_receipts_enabled": False})
    for each in (message, openly):
        api(bob).post(f"/messages/{each.pk}/read/")
    api(bob).post("/me/retract-receipts/")
    marks = [mark for event in heard() for mark in event.get("marks", [])]
    found = {(mark["first_message"], mark["state"]) for mark in marks}
    assert found == {(message.pk, "pending"), (openly.pk, "delivered")}
