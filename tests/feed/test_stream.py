"""The live stream through a real server: what a sender receives, and what nobody else does."""

from __future__ import annotations

from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, User
from receipts import services
from receipts.feed.positions import Position
from receipts.feed.retention import prune_events
from receipts.models import ReceiptEvent
from tests.support.cast import ON_POSTGRES, say
from tests.support.listening import EVENTS, PATIENCE, Listen, authorization

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


# --- What is published ----------------------------------------------------------------------------


def test_it_says_what_it_is_when_to_come_back_and_where_it_begins(
    listen: Listen, alice: User
) -> None:
    stream = listen(alice)
    assert stream.status == 200
    assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["Cache-Control"] == "no-store"
    assert "X-Seenby-Stream" not in stream.headers
    assert stream.block().fields == {"retry": "2000"}
    assert set(stream.block().fields) == {"id"}


def test_a_sender_hears_who_marked_what_and_what_it_came_to(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    message = say(alice, group)
    stream = listen(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    event = stream.event()
    assert (event["kind"], event["conversation"]) == ("receipt.updated", group.pk)
    assert event["marks"] == [
        {"user": "bob", "state": "read", "at": event["marks"][0]["at"], "reason": None, "count": 1,
         "first_message": message.pk, "first_message_external_id": None,
         "last_message": message.pk, "last_message_external_id": None}
    ]  # fmt: skip
    assert event["receipts"] == [api(alice).get(f"/messages/{message.pk}/status/")]


def test_nobody_else_hears_of_a_receipt(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User, carol: User, dave: User
) -> None:
    """Rule 17: to the sender and the reader, never to the whole conversation."""
    message = say(alice, group)
    services.add_participant(conversation_id=group.pk, user=dave)
    others = [listen(carol), listen(dave)]
    sender = listen(alice)
    api(bob).post(f"/messages/{message.pk}/read/")
    assert sender.event()["kind"] == "receipt.updated"
    last = say(bob, group, mark_read=False)
    assert [other.messages(last.pk) for other in others] == [[last.pk]] * 2


def test_a_private_read_is_heard_on_the_readers_own_devices_alone(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rule 13. It counts as delivered for everybody else, which it already was."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    reader, others = listen(bob), [listen(alice), listen(service_key)]
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    event = reader.event()
    assert (event["kind"], event["unread_count"]) == ("conversation.read", 0)
    last = say(bob, group, mark_read=False)
    assert [other.messages(last.pk) for other in others] == [[last.pk]] * 2


def test_who_leaves_hears_no_more(
    listen: Listen, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 2. They rejoin before the last message, which shows that the stream was still open."""
    streams = listen(bob), listen(carol)
    before = say(alice, group)
    assert [each.messages(before.pk) for each in streams] == [[before.pk]] * 2
    services.remove_participant(conversation_id=group.pk, user=bob)
    meanwhile = say(alice, group)
    assert streams[1].messages(meanwhile.pk) == [meanwhile.pk]
    services.add_participant(conversation_id=group.pk, user=bob)
    last = say(alice, group)
    assert streams[0].messages(last.pk) == [last.pk]


def test_the_stream_of_a_deactivated_account_ends_and_goes_on_once_it_is_reactivated(
    listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: what was unread is so again."""
    stream = listen(bob)
    before = say(alice, group)
    assert stream.messages(before.pk) == [before.pk]
    services.deactivate_user(user=bob)
    with pytest.raises(AssertionError, match="has ended"):
        stream.event()
    services.reactivate_user(user=bob)
    again = listen(bob, last=stream.id)
    assert again.event()["kind"] == "conversation.read"
    last = say(alice, group)
    assert again.messages(last.pk) == [last.pk]


# --- Who may listen -------------------------------------------------------------------------------


def test_a_session_is_enough_as_eventsource_has_no_headers(
    listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    browser = Client()
    browser.force_login(bob)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    stream = listen(None, Cookie=cookie)
    message = say(alice, group)
    assert stream.messages(message.pk) == [message.pk]


@pytest.mark.parametrize("cursor", ["junk", "gAAAA", pytest.param("x" * 5_000, id="long")])
def test_a_bad_cursor_is_refused_before_a_stream_begins(
    listen: Listen, bob: User, cursor: str
) -> None:
    refused = listen(bob, cursor)
    assert (refused.status, refused.headers["Content-Type"]) == (400, "application/json")
    assert b"Last-Event-ID" in refused.response.read()


def test_nobody_is_refused_before_a_stream_begins(listen: Listen) -> None:
    refused = listen(None)
    assert (refused.status, refused.headers["Content-Type"]) == (401, "application/json")


def test_a_cursor_from_before_what_was_pruned_is_refused_before_a_stream_begins(
    listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    a_week_ago = timezone.now() - timedelta(days=8)
    cursor = Position("1:1:" if ON_POSTGRES else "0", int(a_week_ago.timestamp())).cursor("bob")
    say(alice, group)
    ReceiptEvent.objects.update(created_at=a_week_ago)
    assert prune_events() == 1
    refused = listen(bob, cursor)
    assert (refused.status, refused.headers["Content-Type"]) == (410, "application/json")
    assert b"cursor_expired" in refused.response.read()


@pytest.mark.parametrize(
    ("limit", "others"), [("EVENTS_MAX_STREAMS", True), ("EVENTS_MAX_STREAMS_EACH", False)]
)
def test_there_are_only_so_many_streams(
    listen: Listen, alice: User, bob: User, settings: Any, limit: str, others: bool
) -> None:
    setattr(settings, limit, 1)
    first = listen(alice)
    refused = listen(alice)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert (listen(bob).status == 503) is others
    first.close()
    while (again := listen(alice)).status == 503:  # until the server has noticed
        again.close()
    assert again.status == 200


@pytest.mark.postgres
def test_an_open_stream_holds_no_connection_to_the_database(
    listen: Listen, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    settings.EVENTS_MAX_STREAMS_EACH = 30
    streams = [listen(bob) for _ in range(30)]
    message = say(alice, group)
    assert [each.messages(message.pk) for each in streams] == [[message.pk]] * 30
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert cursor.fetchone()[0] < 10


def test_a_page_is_still_a_page(alice: User, port: int) -> None:
    """The same path, for clients that do not request a stream."""
    asked = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    asked.request("GET", EVENTS, headers=authorization(alice))
    answer = asked.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "application/json")
    assert b'"cursor"' in answer.read()
    asked.close()
