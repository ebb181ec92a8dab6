"""Events state when each mark was made and why a delivery failed, as others may know it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import ReceiptEvent
from tests.support.cast import ON_POSTGRES, Api, say
from tests.support.following import Follow

#: A position is a snapshot on PostgreSQL, in which nothing is to be seen before it is committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

HOUR_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture
def backend(api: Any, service_key: str) -> Api:
    client: Api = api(service_key)
    return client


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, sent_at=HOUR_AGO)


def minute(number: int) -> str:
    return (HOUR_AGO + timedelta(minutes=number)).isoformat()


def marks(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The user, state, reason and minute of each mark."""
    return [
        (mark["user"], mark["state"], mark["reason"],
         (datetime.fromisoformat(mark["at"]) - HOUR_AGO) / timedelta(minutes=1))
        for event in events for mark in event.get("marks", [])
    ]  # fmt: skip


def test_a_delivery_report_needs_no_further_call(
    backend: Api, follow: Follow, service_key: str, message: Message
) -> None:
    """When, and why: for the backend that follows all events."""
    heard = follow(service_key)
    told = [("bob", "failed", 20, "no such number"), ("carol", "delivered", 10, None)]
    items = [
        {"message": message.pk, "user": user, "state": state, "at": minute(at)}
        | ({"reason": reason} if reason else {})
        for user, state, at, reason in told
    ]
    backend.post("/receipts/", {"receipts": items})
    assert sorted(marks(heard())) == [
        ("bob", "failed", "no such number", 20), ("carol", "delivered", None, 10),
    ]  # fmt: skip


def test_different_reasons_are_different_marks(
    backend: Api, follow: Follow, message: Message, alice: User
) -> None:
    """Coalesced are those with one reason, which have the time of the latest."""
    others = [say(alice, message.conversation, sent_at=HOUR_AGO) for _ in range(2)]
    heard = follow(alice)
    for each, reason, at in zip((message, *others), ("off", "off", "full"), (9, 7, 8), strict=True):
        body = {"user": "bob", "reason": reason, "at": minute(at)}
        backend.post(f"/messages/{each.pk}/failed/", body)
    (event,) = heard()
    assert [mark["count"] for mark in event["marks"]] == [2, 1]
    assert marks([event]) == [("bob", "failed", "off", 9), ("bob", "failed", "full", 8)]


def test_different_reasons_of_one_batch_are_different_marks(
    backend: Api, follow: Follow, message: Message, alice: User
) -> None:
    other = say(alice, message.conversation, sent_at=HOUR_AGO)
    heard = follow(alice)
    items = [
        {"message": each.pk, "user": "bob", "state": "failed", "reason": reason, "at": minute(9)}
        for each, reason in ((message, "off"), (other, "full"))
    ]
    backend.post("/receipts/", {"receipts": items})
    told = {("bob", "failed", "off", 9), ("bob", "failed", "full", 9)}
    assert set(marks(heard())) == told


def test_a_bulk_mark_has_its_time_and_a_message_sent_later_its_own(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 6: no mark is before its message."""
    say(alice, message.conversation, sent_at=HOUR_AGO + timedelta(minutes=30))
    heard = follow(alice)
    path = f"/conversations/{message.conversation_id}/mark-delivered/"
    last = Message.objects.latest("created_at").pk
    api(bob).post(path, {"at": minute(5), "up_to_message": last})
    assert marks(heard()) == [("bob", "delivered", None, 30)]


def test_an_earlier_mark_that_comes_in_late_is_published_with_its_time(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    heard = follow(alice)
    for at in (20, 10):
        api(bob).post(f"/messages/{message.pk}/delivered/", {"at": minute(at)})
        assert marks(heard()) == [("bob", "delivered", None, at)]


def test_who_sees_no_reads_gets_the_time_of_the_delivery(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, carol: User, settings: Any
) -> None:
    """Rule 14: a read of what was delivered before is not published at all."""
    settings.RECEIPTS_RECIPROCAL = True
    api(bob).post(f"/messages/{message.pk}/delivered/", {"at": minute(10)})
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/read/", {"at": minute(20)})
    api(carol).post(f"/messages/{message.pk}/read/", {"at": minute(30)})
    assert marks(heard()) == [("carol", "delivered", None, 30)]


@pytest.mark.parametrize("how", ["retracted", "earlier"])
def test_a_read_that_became_private_leaves_the_time_of_its_delivery(
    api: Any, follow: Follow, message: Message, alice: User, bob: User, how: str
) -> None:
    """Rule 13: a cursor from before the read does not tell when it was."""
    heard = follow(alice)
    calls = api(bob)
    calls.post(f"/messages/{message.pk}/delivered/", {"at": minute(10)})
    calls.post(f"/messages/{message.pk}/read/", {"at": minute(40)})
    if how == "retracted":
        calls.post("/me/retract-receipts/")
    else:
        calls.post(f"/messages/{message.pk}/read/", {"at": minute(20), "private": True})
    assert set(marks(heard())) == {("bob", "delivered", None, 10)}


def test_an_event_of_an_earlier_version_has_its_own_time(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/delivered/", {"at": minute(10)})
    ReceiptEvent.objects.update(marked_at=None)
    (event,) = [each for each in heard() if each["kind"] == "receipt.updated"]
    assert event["marks"][0]["at"] == event["at"]


def test_who_leaves_is_withdrawn_at_that_time(
    follow: Follow, message: Message, alice: User, bob: User
) -> None:
    heard = follow(alice)
    services.remove_participant(conversation_id=message.conversation_id, user=bob)
    withdrawn_at = message.statuses.get(recipient=bob).withdrawn_at
    assert [datetime.fromisoformat(mark["at"]) for event in heard() for mark in event["marks"]] == [
        withdrawn_at
    ]


def test_a_failure_that_counts_again_has_its_reason(
    backend: Api, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Rule 2: of an account that was switched off for a while."""
    body = {"user": "bob", "reason": "off", "at": minute(10)}
    backend.post(f"/messages/{message.pk}/failed/", body)
    services.deactivate_user(user=bob)
    heard = follow(alice)
    services.reactivate_user(user=bob)
    assert marks(heard()) == [("bob", "failed", "off", 10)]
