"""Marks beside a running rollup, on several connections: no change is lost, and no mark waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import InsightsChange, InsightsDay, InsightsHorizon
from receipts.upkeep.rollup import Rollup, horizon, rolling
from tests.support.commands import run, run_fails
from tests.support.insights import BEGIN, mark, write
from tests.support.racing import at_once
from tests.support.rollup import assert_as_counted

pytestmark = [pytest.mark.one_server, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
FIRST, LAST = BEGIN.date(), BEGIN.date() + timedelta(days=4)


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    for days in (1, 2):
        write(alice, group, days)
    return write(alice, group)


def open_while(call: Callable[[], Any], begun: Event, go_on: Event) -> Callable[[], None]:
    """A transaction of a call, which commits when ``go_on`` is set."""

    def hold() -> None:
        with transaction.atomic():
            call()
            begun.set()
            assert go_on.wait(10)

    return hold


def looks_of(monkeypatch: pytest.MonkeyPatch, looked: Event) -> None:
    """Set ``looked`` when the rollup has found transactions open, and looks again."""
    monkeypatch.setattr(horizon.time, "sleep", lambda _: looked.set())


def send_late(group: Conversation) -> None:
    write(User.objects.get(username="alice"), group, 0.5)


def delete(group: Conversation) -> None:
    services.delete_message(message_id=group.messages.order_by("created_at")[0].pk)


def read(group: Conversation) -> None:
    mark(group.messages.order_by("created_at")[0], "bob", after=9)


@pytest.mark.parametrize("change", [read, send_late, delete])
def test_a_change_that_was_under_way_when_the_horizon_moved_is_waited_for(
    group: Conversation, message: Message, monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Conversation], None],
) -> None:  # fmt: skip
    """It has seen no horizon, so it has noted nothing; once it has committed it is rolled up."""
    begun, looked = Event(), Event()
    looks_of(monkeypatch, looked)

    def roll_up() -> None:
        assert begun.wait(10)
        Rollup().run()

    at_once([open_while(lambda: change(group), begun, looked), roll_up])
    assert InsightsHorizon.objects.get().rolled_before > LAST
    assert not InsightsChange.objects.exists()
    assert_as_counted(FIRST, LAST)


@pytest.mark.parametrize("change", [read, send_late, delete])
def test_a_change_that_begins_while_a_day_is_rolled_up_is_noted(
    group: Conversation, message: Message, monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Conversation], None],
) -> None:  # fmt: skip
    """The rollup has counted before it, and commits after it; it holds nobody up."""
    written, marked = Event(), Event()
    write_day: Callable[[Any], int] = rolling.write_day

    def slow(day: Any) -> int:
        found = write_day(day)
        if day == FIRST:
            written.set()
            assert marked.wait(10)
        return found

    monkeypatch.setattr(rolling, "write_day", slow)

    def while_it_is_open() -> None:
        assert written.wait(10)
        change(group)
        marked.set()

    at_once([Rollup().run, while_it_is_open])
    assert_as_counted(FIRST, LAST)
    assert_as_counted(FIRST, LAST, conversation_id=group.pk)
    Rollup().run()
    assert not InsightsChange.objects.exists()
    assert_as_counted(FIRST, LAST)


def test_a_change_that_is_not_committed_is_noted_for_the_rollup_after_it(
    group: Conversation, message: Message, bob: User, carol: User
) -> None:
    """Beside another change of the same conversation and day, whose note is taken."""
    Rollup().run()
    mark(message, "carol", after=5)
    begun, rolled = Event(), Event()

    def roll_up() -> None:
        assert begun.wait(10)
        Rollup().run()
        rolled.set()

    at_once([open_while(lambda: mark(message, "bob", after=7), begun, rolled), roll_up])
    assert InsightsChange.objects.count() == 1
    assert_as_counted(FIRST, LAST)
    Rollup().run()
    assert_as_counted(FIRST, LAST)
    assert InsightsDay.objects.get(day=FIRST).read == 2


def test_new_days_wait_for_a_transaction_that_stays_open(
    group: Conversation, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so; changes of days that are rolled up are written again all the same."""
    monkeypatch.setattr(horizon, "PATIENCE", 0.0)
    begun, tried = Event(), Event()

    def roll_up() -> tuple[list[str], str]:
        assert begun.wait(10)
        try:
            return run_fails("rollup_insights", code=1)
        finally:
            tried.set()

    _, (lines, error) = at_once([open_while(lambda: read(group), begun, tried), roll_up])
    assert lines == ["0 days of 0 messages rolled up; 0 changes of earlier days"]
    assert "stay open" in error
    assert not InsightsDay.objects.exists()
    assert run("rollup_insights") == ["3 days of 3 messages rolled up; 0 changes of earlier days"]
    assert_as_counted(FIRST, LAST)


def test_readers_and_writers_of_other_tables_are_not_waited_for(
    group: Conversation, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump reads for hours; a transaction that locks a conversation has changed nothing yet."""
    monkeypatch.setattr(horizon, "PATIENCE", 0.0)
    begun, rolled = Event(), Event()

    def look() -> None:
        list(Message.objects.all())
        list(InsightsChange.objects.all())
        list(Conversation.objects.select_for_update(no_key=True))

    def roll_up() -> bool:
        assert begun.wait(10)
        rollup = Rollup()
        rollup.run()
        rolled.set()
        return rollup.waits

    assert at_once([open_while(look, begun, rolled), roll_up]) == [None, False]


def test_rollups_at_once_beside_marks(
    group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Each day once, each change once, whatever the order."""
    old = [write(alice, chat, place / 3) for place in range(12) for chat in (group, direct)]
    random = Random(2)

    def marks(username: str) -> Callable[[], None]:
        chosen = random.sample(old, 12)

        def work() -> None:
            for message in chosen:
                if username == "bob" or message.conversation_id == group.pk:
                    mark(message, username, after=random.uniform(0, 9_000))

        return work

    at_once([Rollup(batch_pairs=2).run, Rollup(since=FIRST).run, marks("bob"), marks("carol")])
    assert InsightsHorizon.objects.count() == 1
    assert_as_counted(FIRST, LAST)
    at_once([Rollup(batch_pairs=1).run] * 3)
    assert not InsightsChange.objects.exists()
    assert_as_counted(FIRST, LAST)
    assert sum(InsightsDay.objects.values_list("messages", flat=True)) == len(old)
    assert InsightsHorizon.objects.get().noted_before <= timezone.now()
