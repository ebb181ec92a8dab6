"""``message.edited``: the message, to all who take part and to webhooks; nothing of receipts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts import services
from receipts.webhooks.offering import next_offer
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.following import Follow, kinds

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


def test_an_edit_is_told_to_all_who_take_part(
    api: Any,
    follow: Follow,
    message: Message,
    alice: User,
    bob: User,
    carol: User,
    dave: User,
    service_key: str,
) -> None:
    """Each as they may see the message, as after sending; an outsider hears nothing."""
    heard = {who: follow(who) for who in (alice, bob, carol, service_key)}
    outside = follow(dave)
    edited = api(alice).patch(f"/messages/{message.pk}/", {"body": "cake?"})
    for who, hear in heard.items():
        (event,) = hear()
        assert event.pop("at")
        answer = api(who).get(f"/messages/{message.pk}/")
        assert event == {
            "kind": "message.edited",
            "conversation": message.conversation_id,
            "conversation_external_id": None,
            # One's own part in a thread is in answers only.
            "message": {**answer, "unread_replies": None, "following": None},
        }
        assert event["message"]["edited_at"] == edited["edited_at"]
    assert outside() == []


def test_an_edit_says_nothing_about_receipts(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Those that there are stand; a read after it is told as any other."""
    api(bob).post(f"/messages/{message.pk}/read/")
    heard, own = follow(alice), follow(bob)
    api(alice).patch(f"/messages/{message.pk}/", {"body": "cake?"})
    assert kinds(heard()) == kinds(own()) == ["message.edited"]


def test_two_edits_are_two_events_with_the_text_as_it_is_now(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Events of messages are not coalesced, and show the message as it is when they are sent."""
    heard = follow(bob)
    for body in ("cake?", "scones?", "scones?"):
        api(alice).patch(f"/messages/{message.pk}/", {"body": body})
    assert [event["message"]["body"] for event in heard()] == ["scones?"] * 2


def test_an_edit_of_a_message_that_is_deleted_meanwhile_shows_no_text(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 21."""
    heard = follow(bob)
    api(alice).patch(f"/messages/{message.pk}/", {"body": "cake?"})
    api(alice).delete(f"/messages/{message.pk}/")
    edited, _ = heard()
    assert (edited["kind"], edited["message"]["body"]) == ("message.edited", "")


def test_a_backend_receives_edits(
    api: Any, message: Message, alice: User, service_key: str
) -> None:
    """In the same shape as in the feed; also a webhook of this kind alone."""
    endpoint = hook("backend")
    endpoint.kinds = ["message.edited"]
    endpoint.save()
    services.edit_message(message_id=message.pk, body="cake?")
    (event,) = json.loads(next_offer(endpoint).body or b"null")["events"]
    assert event["kind"] == "message.edited"
    assert event["message"] == api(service_key).get(f"/messages/{message.pk}/")
