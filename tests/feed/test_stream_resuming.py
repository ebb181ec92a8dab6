"""Streams that break and reconnect: everything is published, and only once."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from chat.models import Conversation, User
from receipts import services
from receipts.feed import hub, tailing
from receipts.feed import stream as live
from receipts.feed.looking import Listener
from receipts.feed.positions import Position, position_of
from receipts.feed.snapshots import end
from tests.support.cast import ON_POSTGRES, say
from tests.support.listening import PATIENCE, Listen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


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
    """A page that was cut short belongs to a read that ended before the stream began."""
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
    # The last page may be looked for after the last message was sent, and one more sent with it.
    assert told == [*(pk for pk in sent[4:] if pk < last.pk), last.pk]


def test_who_hangs_up_is_not_caught_up_for(
    listen: Listen, group: Conversation, alice: User, bob: User, dave: User, settings: Any,
    monkeypatch: Any,
) -> None:  # fmt: skip
    """Their slot is free for others."""
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


@pytest.mark.parametrize("limit", ["EVENTS_PER_POLL", "TELLINGS_AT_ONCE"])
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
    """Whatever the error: nobody misses events, and the log is not flooded."""
    stream = listen(bob)
    first = say(alice, group)
    assert stream.messages(first.pk) == [first.pk]
    news, failures, enough = hub.news, list[int](), threading.Event()

    def failing(*args: Any) -> Any:
        if len(failures) < 3:
            failures.append(say(alice, group).pk)
            raise RuntimeError("Nobody home.")
        enough.set()
        return news(*args)

    monkeypatch.setattr(hub, "RETRY_PAUSE", 0)
    monkeypatch.setattr(hub, "news", failing)
    assert enough.wait(PATIENCE)
    last = say(alice, group)
    assert stream.messages(last.pk) == [*failures, last.pk]
    told = [record for record in caplog.records if "Nobody home" in record.getMessage()]
    assert [bool(record.exc_info) for record in told] == [True, False, False]


def test_streams_end_where_the_database_comes_back_as_an_older_copy(
    listen: Listen, group: Conversation, alice: User, bob: User, monkeypatch: Any
) -> None:
    """Their clients reconnect with a cursor ahead of it, and are told to reload."""
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

    monkeypatch.setattr(hub, "RETRY_PAUSE", 0)
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
    # Where rows are on several nodes, one of them is ahead.
    now = position_of(heartbeat.fields["id"], "dave").snapshots
    assert any(end(now[node]) > end(seen) for node, seen in begun.snapshots.items())
    stream.close()
    direct = services.create_conversation(owner=alice, participants=[dave], kind="direct")
    missed = say(alice, direct)
    assert listen(dave, stream.id).messages(missed.pk) == [missed.pk]


def test_a_stream_whose_time_is_over_ends_and_the_next_one_goes_on(
    listen: Listen, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """It ends like a complete response, so no client takes it for an error."""
    settings.EVENTS_STREAM_SECONDS = 1
    stream = listen(bob)
    stream.block(), stream.block()
    stream.response.read()  # to a clean end: it raises on any other
    missed = say(alice, group)
    assert listen(bob, stream.id).messages(missed.pk) == [missed.pk]
