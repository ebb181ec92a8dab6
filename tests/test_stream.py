"""The live stream through a real server: what a sender hears, and what nobody else does (§5)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, User
from receipts import services
from receipts.feed import hub, tailing
from receipts.feed import stream as live
from receipts.feed.looking import Listener
from receipts.feed.positions import Position, position_of
from receipts.feed.retention import prune_events
from receipts.models import ReceiptEvent
from tests.conftest import ON_POSTGRES, say
from tests.live import EVENTS, PATIENCE, Listen, authorization, database, listen, server_thread

__all__ = ["database", "listen"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def port(database: str, settings: Any) -> Iterator[int]:
    settings.EVENTS_POLL_MS = 20
    with server_thread() as port:
        yield port


# --- What is told ---------------------------------------------------------------------------------


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
        {"user": "bob", "state": "read", "count": 1,
         "first_message": message.pk, "last_message": message.pk}
    ]  # fmt: skip
    assert event["receipts"] == [api(alice).get(f"/messages/{message.pk}/status/")]


def test_nobody_else_hears_of_a_receipt(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User, carol: User, dave: User
) -> None:
    """Rule 17: to the sender and the reader, never to the room."""
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
    """Rule 13. It counts as delivered for everybody else, which it was already."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    reader, others = listen(bob), [listen(alice), listen(service_key)]
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    event = reader.event()
    assert (event["kind"], event["unread_count"]) == ("conversation.read", 0)
    last = say(bob, group, mark_read=False)
    assert [other.messages(last.pk) for other in others] == [[last.pk]] * 2


@pytest.mark.parametrize("leave", ["leaves", "is deactivated"])
def test_who_leaves_or_is_deactivated_hears_no_more(
    listen: Listen, group: Conversation, alice: User, bob: User, carol: User, leave: str
) -> None:
    """Rule 2. They are back for the last message, which shows that the stream was still there."""
    streams = listen(bob), listen(carol)
    before = say(alice, group)
    assert [each.messages(before.pk) for each in streams] == [[before.pk]] * 2
    if leave == "leaves":
        services.remove_participant(conversation_id=group.pk, user=bob)
    else:
        services.deactivate_user(user=bob)
    meanwhile = say(alice, group)
    assert streams[1].messages(meanwhile.pk) == [meanwhile.pk]
    if leave == "leaves":
        services.add_participant(conversation_id=group.pk, user=bob)
    else:
        services.reactivate_user(user=bob)
        services.add_participant(conversation_id=group.pk, user=bob)
    last = say(alice, group)
    assert streams[0].messages(last.pk) == [last.pk]


# --- Coming back ----------------------------------------------------------------------------------


def test_who_comes_back_hears_what_happened_meanwhile_once(
    listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    stream = listen(bob)
    heard = say(alice, group)
    assert stream.messages(heard.pk) == [heard.pk]
    stream.close()
    missed = [say(alice, group).pk for _ in range(3)]
    stream = listen(bob, stream.id)
    stream.block(), stream.block()
    last = say(alice, group)
    assert stream.messages(last.pk) == [*missed, last.pk]


def test_who_comes_back_from_the_middle_of_pages_misses_nothing(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    """A page that was cut short belongs to a look that was over before the stream began."""
    cursor = api(bob).get("/events/")["cursor"]
    sent = [say(alice, group).pk for _ in range(3)]
    page = api(bob).get(f"/events/?after={cursor}&limit=1")
    assert page["more"]
    sent += [say(alice, group).pk for _ in range(3)]
    assert listen(bob, page["cursor"]).messages(sent[-1]) == sent[1:]


def test_what_happens_while_somebody_catches_up_is_told_once(
    listen: Listen, group: Conversation, alice: User, bob: User, monkeypatch: Any
) -> None:
    cursor = listen(bob)
    cursor.block(), cursor.block(), cursor.close()
    sent = [say(alice, group).pk for _ in range(4)]
    look = hub.look

    def look_and_send(*args: Any) -> Any:
        found = look(*args)
        sent.append(say(alice, group).pk)
        return found

    monkeypatch.setattr(hub, "look", look_and_send)
    monkeypatch.setattr(hub, "CATCH_UP", 1)
    stream = listen(bob, cursor.id)
    assert stream.messages(sent[3]) == sent[:4]
    last = say(alice, group)
    told = stream.messages(last.pk)
    assert len(sent) >= 8
    assert told == [*sent[4:], last.pk]


def test_who_hangs_up_is_not_caught_up_for(
    listen: Listen, group: Conversation, alice: User, bob: User, dave: User, settings: Any,
    monkeypatch: Any,
) -> None:  # fmt: skip
    """And leaves their place to others."""
    cursor = listen(bob)
    cursor.block(), cursor.block(), cursor.close()
    for _ in range(60):
        say(alice, group)
    look, pages, noticed = hub.look, list[Any](), threading.Event()

    def look_and_hang_up(listener: Listener, *args: Any) -> Any:
        page = look(listener, *args)
        if listener.pk == bob.pk:
            pages.append(page)
            if len(pages) == 3:
                stream.close()
                assert noticed.wait(PATIENCE)
        return page

    monkeypatch.setattr(hub, "look", look_and_hang_up)
    monkeypatch.setattr(hub, "CATCH_UP", 1)
    settings.EVENTS_MAX_STREAMS = 1
    stream = listen(bob, cursor.id)
    while (other := listen(dave)).status == 503:
        other.close()
    noticed.set()
    services.add_participant(conversation_id=group.pk, user=dave)
    for _ in range(5):
        message = say(alice, group)
        assert other.messages(message.pk) == [message.pk]
    assert len(pages) == 3


@pytest.mark.parametrize("limit", ["EVENTS_AT_ONCE", "TELLINGS_AT_ONCE"])
def test_who_listens_is_told_everything_once_however_much_it_is_for_one_look(
    listen: Listen, group: Conversation, alice: User, bob: User, carol: User, monkeypatch: Any,
    limit: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(tailing, limit, 5)
    streams = [listen(who) for who in (alice, bob, carol)]
    with transaction.atomic():
        sent = [say(alice, group).pk for _ in range(7)]
    assert [each.messages(sent[-1]) for each in streams] == [sent] * 3
    last = say(alice, group)
    assert [each.messages(last.pk) for each in streams] == [[last.pk]] * 3


def test_a_look_that_fails_is_made_again_from_where_it_was(
    listen: Listen, group: Conversation, alice: User, bob: User, monkeypatch: Any, caplog: Any
) -> None:
    """Whatever it was: nobody misses what happened meanwhile, and the log is not flooded."""
    stream = listen(bob)
    first = say(alice, group)
    assert stream.messages(first.pk) == [first.pk]
    news, failures = hub.news, list[int]()

    def failing(*args: Any) -> Any:
        if len(failures) < 3:
            failures.append(say(alice, group).pk)
            raise RuntimeError("Nobody home.")
        return news(*args)

    monkeypatch.setattr(hub, "PAUSE", 0)
    monkeypatch.setattr(hub, "news", failing)
    last = say(alice, group)
    assert sorted(stream.messages(last.pk) + stream.messages(failures[-1])) == [last.pk, *failures]
    told = [record for record in caplog.records if "Nobody home" in record.getMessage()]
    assert [bool(record.exc_info) for record in told] == [True, False, False]


def test_streams_end_where_the_database_comes_back_as_an_older_copy(
    listen: Listen, group: Conversation, alice: User, bob: User, monkeypatch: Any
) -> None:
    """Their clients come back with a cursor that is ahead of it, and are told to reload."""
    stream = listen(bob)
    first = say(alice, group)
    assert stream.messages(first.pk) == [first.pk]
    news, failures = hub.news, iter([RuntimeError("Nobody home.")])

    def failing(position: Position, *args: Any) -> Any:
        for failure in failures:
            seen = "99999999:99999999:" if ON_POSTGRES else "99999999"
            live.hub().position = replace(position, seen=seen)
            raise failure
        return news(position, *args)

    monkeypatch.setattr(hub, "PAUSE", 0)
    monkeypatch.setattr(hub, "news", failing)
    stream.response.read()
    last = say(alice, group)
    assert listen(bob, stream.id).messages(last.pk) == [last.pk]


def test_a_heartbeat_is_a_comment_that_moves_the_id_past_what_is_not_ones_own(
    listen: Listen, group: Conversation, alice: User, bob: User, dave: User, settings: Any
) -> None:
    settings.EVENTS_HEARTBEAT_SECONDS = 1
    stream = listen(dave)
    stream.block(), stream.block()
    begun = position_of(str(stream.id), "dave")
    say(alice, group)
    heartbeat = stream.block()
    while not heartbeat.comments:
        heartbeat = stream.block()
    assert set(heartbeat.fields) == {"id"}
    assert position_of(heartbeat.fields["id"], "dave").newest > begun.newest
    stream.close()
    direct = services.create_conversation(owner=alice, participants=[dave], kind="direct")
    missed = say(alice, direct)
    assert listen(dave, stream.id).messages(missed.pk) == [missed.pk]


def test_a_stream_whose_time_is_over_ends_and_the_next_one_goes_on(
    listen: Listen, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """It ends as an answer does, so no client takes it for a failure."""
    settings.EVENTS_STREAM_SECONDS = 1
    stream = listen(bob)
    stream.block(), stream.block()
    stream.response.read()  # to a clean end: it raises on any other
    missed = say(alice, group)
    assert listen(bob, stream.id).messages(missed.pk) == [missed.pk]


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
    """The same address, for those who do not ask for a stream."""
    asked = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    asked.request("GET", EVENTS, headers=authorization(alice))
    answer = asked.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "application/json")
    assert b'"cursor"' in answer.read()
    asked.close()
