"""The feed in pages: who receives which events."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts import services
from tests.support.cast import ON_POSTGRES, say
from tests.support.following import Follow, kinds

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group)


def test_a_sender_is_told_who_marked_what_and_what_it_came_to(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    (event,) = heard()
    assert event["kind"] == "receipt.updated"
    assert event["conversation"] == message.conversation_id
    (row,) = api(alice).get(f"/messages/{message.pk}/recipients/?state=read")["results"]
    assert event["marks"] == [
        {"user": "bob", "state": "read", "at": row["read_at"], "reason": None, "count": 1,
         "first_message": message.pk, "first_message_external_id": None,
         "last_message": message.pk, "last_message_external_id": None}
    ]  # fmt: skip
    assert event["receipts"] == [api(alice).get(f"/messages/{message.pk}/status/")]
    assert (event["complete"], event["marks_left_out"]) == (True, 0)


@pytest.mark.parametrize("mark", ["delivered", "read"])
def test_a_repeat_says_nothing(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, mark: str
) -> None:
    """Rule 5."""
    api(bob).post(f"/messages/{message.pk}/{mark}/")
    heard, own = follow(alice), follow(bob)
    api(bob).post(f"/messages/{message.pk}/{mark}/")
    assert (heard(), own()) == ([], [])


def test_receipts_are_told_to_the_sender_alone(
    api: Any, follow: Follow, message: Message, bob: User, carol: User, dave: User, moderator: User
) -> None:
    """Events go to the sender and the reader, never to the whole conversation."""
    Conversation.objects.update(receipts_visible_to="participants")
    others = [follow(who) for who in (carol, dave, moderator)]
    api(bob).post(f"/messages/{message.pk}/read/")
    assert [heard() for heard in others] == [[], [], []]


def test_the_readers_other_devices_are_told_what_is_left_unread(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User
) -> None:
    first, second = say(alice, group), say(alice, group)
    heard = follow(bob)
    api(bob).post(f"/messages/{first.pk}/read/")
    (event,) = heard()
    assert event.pop("at")
    assert event == {
        "kind": "conversation.read",
        "conversation": group.pk,
        "conversation_external_id": None,
        "unread_count": 1,
        "unread_count_main": 1,
        "first_unread_message": second.pk,
        "first_unread_message_external_id": None,
    }


def test_a_reply_says_its_thread(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 30; what one has unread of a thread is one's own, and in answers only."""
    heard = follow(alice)
    body = {"body": "yes", "thread": message.pk}
    api(bob).post(f"/conversations/{message.conversation_id}/messages/", body, status=201)
    [told] = [each["message"] for each in heard() if each["kind"] == "message.created"]
    assert (told["thread"], told["unread_replies"]) == (message.pk, None)


def test_marking_unread_is_told_to_oneself_alone(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 10."""
    api(bob).post(f"/messages/{message.pk}/read/")
    heard, own = follow(alice), follow(bob)
    path = f"/conversations/{message.conversation_id}/mark-unread/"
    api(bob).post(path, {"from_message": message.pk})
    assert heard() == []
    assert [event["unread_count"] for event in own()] == [1]


def test_a_private_read_is_heard_by_the_reader_alone(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, service_key: str
) -> None:
    """Rule 13: if the row was delivered before, nobody else receives anything."""
    api(bob).post(f"/messages/{message.pk}/delivered/")
    heard, backend, own = follow(alice), follow(service_key), follow(bob)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    assert (heard(), backend()) == ([], [])
    assert kinds(own()) == ["conversation.read"]


def test_a_private_read_of_what_was_pending_is_told_as_a_delivery(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 13."""
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    (event,) = heard()
    assert [mark["state"] for mark in event["marks"]] == ["delivered"]
    assert (event["receipts"][0]["delivered_count"], event["receipts"][0]["read_count"]) == (1, 0)


def test_a_read_taken_back_is_told(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 13: the sender's count decreases, so the sender's page must show it."""
    api(bob).post(f"/messages/{message.pk}/read/")
    heard = follow(alice)
    api(bob).post("/me/retract-receipts/")
    (event,) = heard()
    assert event["receipts"][0]["read_count"] == 0


def test_who_hides_reads_is_told_of_none_where_it_is_reciprocal(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14: not even that something happened, if it was a read."""
    settings.RECEIPTS_RECIPROCAL = True
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    (event,) = heard()
    assert [mark["state"] for mark in event["marks"]] == ["delivered"]
    api(bob).post(f"/messages/{message.pk}/read/")
    assert heard() == []


def test_who_hides_reads_is_told_of_a_read_as_of_a_delivery(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14."""
    settings.RECEIPTS_RECIPROCAL = True
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    (event,) = heard()
    assert [mark["state"] for mark in event["marks"]] == ["delivered"]
    assert event["receipts"][0]["read_count"] == 0


def test_an_untracked_message_tells_nothing(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 15: its reads are visible to the reader only."""
    message = say(alice, group, request_receipts=False)
    heard, own = follow(alice), follow(bob)
    api(bob).post(f"/messages/{message.pk}/read/")
    assert heard() == []
    assert kinds(own()) == ["conversation.read"]


def test_a_failed_delivery_is_told(
    api: Any, follow: Follow, message: Message, alice: User, service_key: str
) -> None:
    """Rule 11."""
    heard = follow(alice)
    api(service_key).post(f"/messages/{message.pk}/failed/", {"user": "bob", "reason": "gone"})
    (event,) = heard()
    assert [mark["state"] for mark in event["marks"]] == ["failed"]
    assert event["receipts"][0]["summary_text"] == "Sent · failed for 1"


def test_who_leaves_is_told_of_as_withdrawn(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 2: one recipient fewer."""
    heard = follow(alice)
    api(bob).delete(f"/conversations/{message.conversation_id}/participants/bob/")
    (event,) = heard()
    assert [mark["state"] for mark in event["marks"]] == ["withdrawn"]
    assert event["receipts"][0]["total_recipients"] == 1


def test_an_acknowledgement_that_comes_later_is_told(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 12: the recipient list has changed."""
    api(bob).post(f"/messages/{message.pk}/read/")
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/", {"content": "Understood."})
    assert kinds(heard()) == ["receipt.updated"]


def test_recipients_are_told_of_a_message_and_the_senders_other_devices_too(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User, dave: User
) -> None:
    sender, recipient, stranger = follow(alice), follow(bob), follow(dave)
    say(alice, group, "tea?")
    (event,) = recipient()
    assert event["kind"] == "message.created"
    assert (event["message"]["body"], event["message"]["receipts"]) == ("tea?", None)
    assert kinds(sender()) == ["message.created"]
    assert stranger() == []


def test_whoever_writes_has_read_what_stands_above_and_their_devices_hear_it(
    api: Any, follow: Follow, message: Message, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 9."""
    sender, writer = follow(alice), follow(bob)
    say(bob, group)
    assert sorted(kinds(sender())) == ["message.created", "receipt.updated"]
    assert sorted(kinds(writer())) == ["conversation.read", "message.created"]


def test_deleting_and_restoring_are_told_to_all_who_take_part(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, moderator: User
) -> None:
    """Rule 21: a deleted message is empty."""
    heard = follow(bob)
    api(alice).delete(f"/messages/{message.pk}/")
    (deleted,) = heard()
    assert (deleted["kind"], deleted["message"]["body"]) == ("message.deleted", "")
    api(moderator).post(f"/messages/{message.pk}/restore/")
    (restored,) = heard()
    assert (restored["kind"], restored["message"]["body"]) == ("message.restored", message.body)


def test_deleting_what_is_deleted_says_nothing(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    api(alice).delete(f"/messages/{message.pk}/")
    heard = follow(bob)
    api(alice).delete(f"/messages/{message.pk}/")
    assert heard() == []


def test_receipts_of_a_deleted_message_are_not_told(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 21: an event from just before is not published just after."""
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(alice).delete(f"/messages/{message.pk}/")
    assert kinds(heard()) == ["message.deleted"]


@pytest.mark.parametrize("gone", ["left", "switched off"])
def test_who_is_gone_is_told_nothing(
    api: Any, follow: Follow, message: Message, group: Conversation, alice: User, bob: User,
    carol: User, gone: str,
) -> None:  # fmt: skip
    """What a user may not see does not exist."""
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    services.add_participant(conversation_id=group.pk, user=carol)
    if gone == "left":
        services.remove_participant(conversation_id=group.pk, user=alice)
        say(carol, group)
        assert heard() == []
    else:
        services.deactivate_user(user=alice)
        api(alice).get("/events/", status=401)


def test_a_backend_is_told_of_everybody_each_with_their_name(
    api: Any, follow: Follow, message: Message, bob: User, service_key: str
) -> None:
    heard = follow(service_key)
    api(bob).post(f"/messages/{message.pk}/read/")
    say(bob, message.conversation, "hi")
    told = [(event["kind"], event.get("user")) for event in heard()]
    assert told == [("receipt.updated", "alice"), ("message.created", None)]
