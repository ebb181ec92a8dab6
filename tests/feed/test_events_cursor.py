"""Cursors of the feed: they skip nothing, reveal nothing, and expire with an error."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, User
from receipts.feed.positions import Position
from receipts.feed.retention import prune_events
from receipts.models import EventHorizon, ReceiptEvent
from tests.support.cast import ON_POSTGRES, say

#: A position is a snapshot on PostgreSQL, in which nothing is to be seen before it is committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_pages_of_any_size_tell_everything_in_its_order(
    api: Any, group: Conversation, alice: User, bob: User, limit: int
) -> None:
    """A client that was away for a week catches up."""
    call = api(bob)
    page = call.get("/events/")
    sent = [say(alice, group).pk for _ in range(7)]
    told: list[int] = []
    more = True
    while more:
        page = call.get(f"/events/?after={page['cursor']}&limit={limit}")
        told += [event["message"]["id"] for event in page["results"]]
        more = page["more"]
    assert told == sent
    assert call.get(f"/events/?after={page['cursor']}")["results"] == []


def test_what_happens_between_two_pages_comes_after_them(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    call = api(bob)
    cursor = call.get("/events/")["cursor"]
    sent = [say(alice, group).pk for _ in range(3)]
    first = call.get(f"/events/?after={cursor}&limit=2")
    sent.append(say(alice, group).pk)
    second = call.get(f"/events/?after={first['cursor']}&limit=2")
    third = call.get(f"/events/?after={second['cursor']}&limit=2")
    pages = (first, second, third)
    assert [e["message"]["id"] for page in pages for e in page["results"]] == sent


@pytest.mark.parametrize("limit", [1, 3, 4, 200])
def test_there_may_be_more_until_nothing_is_left(
    api: Any, group: Conversation, alice: User, bob: User, limit: int
) -> None:
    """Including events written while earlier pages were read: ``more`` is false at the end."""
    call = api(bob)
    page = call.get("/events/")
    sent = [say(alice, group).pk for _ in range(4)]
    page = call.get(f"/events/?after={page['cursor']}&limit={limit}")
    told = [event["message"]["id"] for event in page["results"]]
    for number in range(3):
        if page["more"]:
            sent.append(say(alice, group, f"{number}").pk)
            page = call.get(f"/events/?after={page['cursor']}&limit={limit}")
            told += [event["message"]["id"] for event in page["results"]]
    while page["more"]:
        page = call.get(f"/events/?after={page['cursor']}&limit={limit}")
        told += [event["message"]["id"] for event in page["results"]]
    assert told == sent


def test_without_a_cursor_it_begins_now(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    say(alice, group)
    page = api(bob).get("/events/")
    assert (page["results"], page["more"]) == ([], False)


@pytest.mark.parametrize("junk", ["", "x", "1", "0.1~x", "gAAAA", "%00", "é", "x" * 5_000])
def test_a_bad_cursor_is_refused(api: Any, bob: User, junk: str) -> None:
    assert set(api(bob).get(f"/events/?after={junk}", status=400)) == {"after"}


def test_anothers_cursor_is_refused(api: Any, alice: User, bob: User) -> None:
    """A foreign one."""
    cursor = api(alice).get("/events/")["cursor"]
    assert set(api(bob).get(f"/events/?after={cursor}", status=400)) == {"after"}


def test_a_cursor_of_another_kind_of_database_is_refused(api: Any, bob: User) -> None:
    seen = "7" if ON_POSTGRES else "7:9:8"
    cursor = Position(seen, 0).cursor("bob")
    assert set(api(bob).get(f"/events/?after={cursor}", status=400)) == {"after"}


def test_a_cursor_that_is_ahead_of_the_database_has_expired(api: Any, bob: User) -> None:
    """One restored from an older copy; what was told since is not in it."""
    seen = "99999999:99999999:" if ON_POSTGRES else "99999999"
    cursor = Position(seen, int(timezone.now().timestamp())).cursor("bob")
    assert api(bob).get(f"/events/?after={cursor}", status=410)["code"] == "cursor_expired"


def test_a_cursor_tells_nothing(api: Any, group: Conversation, alice: User, bob: User) -> None:
    """Rule 13: a number that counts everybody's doings would tell of private reads."""
    call = api(alice)
    assert call.get("/events/")["cursor"] != call.get("/events/")["cursor"]


def age(days: float) -> None:
    ReceiptEvent.objects.update(created_at=timezone.now() - timedelta(days=days))


def test_events_are_kept_for_some_days(group: Conversation, alice: User, settings: Any) -> None:
    """EVENTS_RETENTION_DAYS."""
    settings.EVENTS_RETENTION_DAYS = 3
    say(alice, group)
    age(days=4)
    say(alice, group)
    assert prune_events() == 1
    assert ReceiptEvent.objects.count() == 1
    assert prune_events() == 0


def test_a_cursor_from_before_what_was_pruned_has_expired(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """``410`` instead of silence: reload, and follow from now on."""
    call = api(bob)
    seen = "1:1:" if ON_POSTGRES else "0"
    a_week_ago = int((timezone.now() - timedelta(days=8)).timestamp())
    cursor = Position(seen, a_week_ago).cursor("bob")
    say(alice, group)
    assert len(call.get(f"/events/?after={cursor}")["results"]) == 1
    age(days=8)
    assert prune_events() == 1
    refused = call.get(f"/events/?after={cursor}", status=410)
    assert refused["code"] == "cursor_expired"
    assert "Reload" in refused["detail"]
    call.get(f"/events/?after={call.get('/events/')['cursor']}")


def test_a_cursor_stays_good_when_the_events_before_it_are_pruned(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Also where no event is left: the cursor is from after them, and nothing else has come."""
    call = api(bob)
    say(alice, group)
    cursor = call.get("/events/")["cursor"]
    age(days=8)
    assert prune_events() == 1
    EventHorizon.objects.update(pruned_before=timezone.now() - timedelta(days=7))
    page = call.get(f"/events/?after={cursor}")
    assert (page["results"], page["more"]) == ([], False)
    later = say(alice, group).pk
    for each in cursor, page["cursor"]:
        results = call.get(f"/events/?after={each}")["results"]
        assert [event["message"]["id"] for event in results] == [later]


def test_the_horizon_only_moves_forward(group: Conversation, alice: User, settings: Any) -> None:
    """Keeping events for longer does not bring back those that are gone."""
    say(alice, group)
    age(days=8)
    prune_events()
    horizon = EventHorizon.objects.get().pruned_before
    settings.EVENTS_RETENTION_DAYS = 30
    say(alice, group)
    age(days=31)
    prune_events()
    assert EventHorizon.objects.get().pruned_before >= horizon


def test_the_stream_is_refused_where_no_server_has_it(api: Any, bob: User) -> None:
    """Under another server than config.asgi: a clear answer, no empty stream."""
    answer = api(bob).client.get("/api/v1/events/", HTTP_ACCEPT="text/event-stream")
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/json")
