"""What a backend receives by webhook: the events of the feed, in order, and nothing private."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.feed.retention import prune_events
from receipts.models import EventHorizon, ReceiptEvent, WebhookEndpoint
from receipts.webhooks import delivering, offering
from receipts.webhooks.posting import post
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.distributed import in_order
from tests.support.receiver import Receiver
from tests.support.webhooks import turn

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


@pytest.fixture
def endpoint(receiver: Receiver, service_key: str, message: Message) -> WebhookEndpoint:
    """Receives events from here on: alice has written to bob and carol."""
    return hook("backend", receiver.url)


def test_a_mark_arrives_signed(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User
) -> None:
    """With who marked what, and the result."""
    api(bob).post(f"/messages/{message.pk}/read/")
    assert turn() == 1
    (got,) = receiver.got
    assert got.is_from(endpoint.secret)
    assert (got.body["webhook"], got.body["missed"]) == (endpoint.pk, False)
    assert got.body["delivery"] == got.headers["Seenby-Delivery"]
    (event,) = got.events
    assert (event["kind"], event["user"]) == ("receipt.updated", "alice")
    assert event["conversation"] == message.conversation_id
    assert [(mark["user"], mark["state"]) for mark in event["marks"]] == [("bob", "read")]
    assert event["receipts"][0]["summary_text"] == "Read by 1 of 2"


def test_the_events_are_those_of_the_feed(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User,
    alice: User, service_key: str,
) -> None:  # fmt: skip
    """A sender with the page open and a backend with a webhook get the same data."""
    call = api(service_key)
    cursor = call.get("/events/")["cursor"]
    api(bob).post(f"/messages/{message.pk}/read/")
    api(alice).delete(f"/messages/{message.pk}/")
    say(bob, message.conversation)
    turn()
    (got,) = receiver.got
    assert got.events == call.get(f"/events/?after={cursor}")["results"]
    assert call.get(f"/events/?after={got.body['cursor']}")["results"] == []


def test_all_that_happens_arrives_in_its_order(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, alice: User,
    bob: User, moderator: User, service_key: str,
) -> None:  # fmt: skip
    """One of each kind, over several polls."""
    api(bob).post(f"/messages/{message.pk}/delivered/")
    turn()
    api(service_key).post(f"/messages/{message.pk}/failed/", {"user": "carol", "reason": "gone"})
    api(alice).delete(f"/messages/{message.pk}/")
    turn()
    api(moderator).post(f"/messages/{message.pk}/restore/")
    say(bob, message.conversation, "yes", mark_read=False)
    turn()
    assert [event["kind"] for each in receiver.got for event in each.events] == [
        "receipt.updated",
        "message.deleted",
        "message.restored",
        "message.created",
    ]


def test_nothing_new_is_nothing_sent(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    """Nor is anything from before it was registered."""
    assert turn() == 0
    assert receiver.got == []


def test_what_was_taken_is_not_sent_again(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User
) -> None:
    api(bob).post(f"/messages/{message.pk}/read/")
    assert [turn(), turn(), turn()] == [1, 0, 0]
    assert len(receiver.got) == 1
    endpoint.refresh_from_db()
    assert endpoint.delivered_at is not None
    assert endpoint.claimed_until is None


def test_only_what_was_asked_for_arrives(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User
) -> None:
    WebhookEndpoint.objects.update(kinds=["message.created"])
    api(bob).post(f"/messages/{message.pk}/read/")
    assert turn() == 0
    say(bob, message.conversation, "yes", mark_read=False)
    assert turn() == 1
    (got,) = receiver.got
    assert [event["kind"] for event in got.events] == ["message.created"]


@pytest.mark.parametrize(
    "change", [{"kinds": ["message.deleted"]}, {"disabled_at": timezone.now()}]
)
def test_a_change_counts_from_the_next_delivery(
    receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User, change: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Also one that is made during a worker's turn."""

    def post_and_change(*what: Any, **how: Any) -> None:
        post(*what, **how)
        WebhookEndpoint.objects.update(**change)

    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 1)
    monkeypatch.setattr(delivering, "post", post_and_change)
    say(bob, message.conversation, "one", mark_read=False)
    say(bob, message.conversation, "two", mark_read=False)
    assert turn() == 1
    assert receiver.texts == ["one"]


def test_a_private_read_never_arrives(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User
) -> None:
    """Rule 13: only the reader receives ``conversation.read``, which is sent to no backend."""
    api(bob).post(f"/messages/{message.pk}/delivered/")
    turn()
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    assert ReceiptEvent.objects.filter(kind="conversation.read").exists()
    assert turn() == 0
    assert len(receiver.got) == 1


def test_a_private_read_of_what_was_pending_arrives_as_a_delivery(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User
) -> None:
    """Rule 13."""
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/conversations/{message.conversation_id}/mark-read/")
    turn()
    (got,) = receiver.got
    assert [mark["state"] for event in got.events for mark in event["marks"]] == ["delivered"]
    assert 'read_count":0' in got.raw.decode()
    assert b"unread_count" not in got.raw
    assert b"seen_at" not in got.raw


def test_what_readers_alone_hear_never_arrives(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, bob: User
) -> None:
    """Rules 10 and 13: nothing is sent, and nothing shows that something happened."""
    api(bob).post(f"/messages/{message.pk}/read/")
    turn()
    path = f"/conversations/{message.conversation_id}/mark-unread/"
    api(bob).post(path, {"from_message": message.pk})
    assert turn() == 0
    kinds = {event["kind"] for each in receiver.got for event in each.events}
    assert kinds == {"receipt.updated"}


def test_a_backend_is_told_of_all_conversations(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, carol: User, dave: User
) -> None:
    """It takes part in none; a service account acts for all users and receives everything."""
    elsewhere = services.create_conversation(owner=carol, participants=[dave], kind="direct")
    say(carol, elsewhere, "psst")
    say(carol, group, "hello", mark_read=False)
    turn()
    assert in_order(receiver.texts) == in_order(["psst", "hello"])


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_service": False}])
def test_an_owner_who_may_not_call_is_told_nothing(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User, change: Any,
    statements: Callable[[], Any],
) -> None:  # fmt: skip
    """Events wait for them meanwhile, at one statement per poll."""
    backend = User.objects.filter(username="backend")
    backend.update(**change)
    say(alice, group, "meanwhile")
    with statements() as counted:
        assert turn() == 0
    assert len(counted) == 1
    backend.update(is_active=True, is_service=True)
    assert turn() == 1
    assert receiver.texts == ["meanwhile"]


def test_a_storm_arrives_coalesced(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, message: Message, group: Conversation
) -> None:
    """Many readers of one message make one event, whose summary is exact."""
    crowd = User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    for person in crowd:
        services.add_participant(conversation_id=group.pk, user=person)
    news = say(message.sender, group, "all of you")
    turn()
    for person in crowd:
        api(person).post(f"/messages/{news.pk}/read/")
    assert turn() == 1
    (event,) = receiver.got[-1].events
    assert len(event["marks"]) + event["marks_left_out"] == 30
    assert [each["read_count"] for each in event["receipts"]] == [30]


def test_a_body_is_bounded_and_the_rest_follows(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """EVENTS_AT_ONCE limits the number of events."""
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 3)
    sent = [say(alice, group, f"{number}").body for number in range(8)]
    assert turn() == 3
    assert [len(each.events) for each in receiver.got] == [3, 3, 2]
    assert receiver.texts == sent


def test_a_body_is_no_longer_than_servers_take(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    settings: Any,
) -> None:  # fmt: skip
    """MOST_BYTES: a web server that accepts 100 kB would refuse a longer one every time."""
    sent = [say(alice, group, f"{number:02}" + "é" * 9_000).body for number in range(9)]
    turn()
    assert receiver.texts == sent
    assert max(len(each.raw) for each in receiver.got) <= offering.MOST_BYTES
    assert len(receiver.got) < 9


def test_a_single_event_is_sent_however_long_it_is(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(offering, "MOST_BYTES", 10)
    say(alice, group, "one")
    say(alice, group, "two")
    assert turn() == 2
    assert receiver.texts == ["one", "two"]


def test_after_some_deliveries_it_is_anothers_turn(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """DELIVERIES_AT_ONCE: an endpoint with a long backlog does not occupy a worker."""
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 1)
    monkeypatch.setattr(delivering, "DELIVERIES_AT_ONCE", 2)
    sent = [say(alice, group, f"{number}").body for number in range(5)]
    assert [turn(), turn(), turn(), turn()] == [2, 2, 1, 0]
    assert receiver.texts == sent


def test_what_is_lost_is_said(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User, settings: Any
) -> None:
    """A cursor older than the retention: ``missed`` is reported, then events from now on."""
    say(alice, group, "lost")
    ReceiptEvent.objects.update(created_at=timezone.now() - timedelta(days=30))
    prune_events()
    EventHorizon.objects.update(pruned_before=timezone.now())
    assert turn() == 1
    (got,) = receiver.got
    assert (got.body["missed"], got.events) == (True, [])
    EventHorizon.objects.update(pruned_before=timezone.now() - timedelta(days=1))
    say(alice, group, "news")
    turn()
    assert receiver.got[-1].body["missed"] is False
    assert receiver.texts == ["news"]


def test_that_something_is_lost_is_said_until_it_is_taken(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    EventHorizon.objects.create(pk=1, pruned_before=timezone.now())
    receiver.answers.append(500)
    assert turn() == 0
    WebhookEndpoint.objects.update(try_at=timezone.now())
    assert turn() == 1
    assert [each.body["missed"] for each in receiver.got] == [True, True]


def test_an_idle_endpoint_writes_nothing(
    endpoint: WebhookEndpoint, statements: Callable[[], Any]
) -> None:
    """Four statements per poll: the endpoints, and for this one horizon, position and events."""
    with statements() as counted:
        turn()
    assert [sql for sql in counted.sql if not sql.startswith(("SELECT", "WITH"))] == []
    assert len(counted) == 4


def test_how_far_an_idle_endpoint_is_told_is_noted_now_and_then(
    endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, statements: Callable[[], Any]
) -> None:
    """NOTED_SECONDS: so that the cursor of an idle endpoint does not expire."""
    monkeypatch.setattr(delivering, "NOTED_SECONDS", 0)
    before = endpoint.cursor
    with statements() as counted:
        turn()
    assert len(counted) == 5
    endpoint.refresh_from_db()
    assert endpoint.cursor != before
    assert endpoint.delivered_at is None


def test_a_delivery_takes_a_constant_number_of_statements(
    endpoint: WebhookEndpoint, group: Conversation, alice: User, statements: Callable[[], Any]
) -> None:
    """Independent of the number of events."""
    counts = []
    for number in (1, 40):
        for _ in range(number):
            say(alice, group)
        with statements() as counted:
            turn()
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 20
