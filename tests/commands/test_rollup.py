"""``rollup_insights`` as an operator runs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from chat.models import Conversation, User
from receipts.models import InsightsDay, InsightsHorizon
from receipts.upkeep.rollup import rolling
from tests.support.commands import Killed, Statements, run, run_fails, run_refused, statements_of
from tests.support.insights import BEGIN, mark, write
from tests.support.rollup import assert_as_counted

#: Distributed tables have no rollup (decision 27).
pytestmark = pytest.mark.one_server

FIRST, LAST = BEGIN.date(), BEGIN.date() + timedelta(days=4)


@pytest.fixture(autouse=True)
def messages(group: Conversation, alice: User) -> None:
    for days in (0, 0.5, 1, 3):
        mark(write(alice, group, days), "bob", after=5)


def test_it_says_what_it_has_done_in_one_line(group: Conversation) -> None:
    assert run("rollup_insights") == ["3 days of 4 messages rolled up; 0 changes of earlier days"]
    assert run("rollup_insights") == ["0 days of 0 messages rolled up; 0 changes of earlier days"]
    for message in group.messages.all():
        mark(message, "carol", after=9)
    assert run("rollup_insights") == ["0 days of 0 messages rolled up; 3 changes of earlier days"]
    assert run("rollup_insights", "--since", "2026-01-06") == [
        f"0 days of 0 messages rolled up, {again()} days again; 0 changes of earlier days"
    ]


def again() -> str:
    """The days from the sixth of January up to the horizon."""
    days = InsightsHorizon.objects.get().rolled_before - (FIRST + timedelta(days=1))
    return f"{days.days:,}"


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20260105", "2026-1-5", ""])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    assert "must be a day" in run_refused("rollup_insights", f"--since={day}")


def test_a_run_that_is_killed_anywhere_is_continued(group: Conversation) -> None:
    """What is done stays, and insights are right at every moment."""
    for last in range(1, 60):
        try:
            with connection.execute_wrapper(Statements(last)):
                run("rollup_insights")
        except Killed:
            assert_as_counted(FIRST, LAST)
        else:
            break
    assert InsightsDay.objects.count() == 3
    assert_as_counted(FIRST, LAST)


def test_ctrl_c_exits_with_130(group: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    write_day, written = rolling.write_day, []

    def stop_at_the_second(day: object) -> int:
        written.append(day)
        if len(written) == 2:
            raise KeyboardInterrupt
        return write_day(day)

    monkeypatch.setattr(rolling, "write_day", stop_at_the_second)
    lines, error = run_fails("rollup_insights", code=130)
    assert lines == ["1 days of 2 messages rolled up; 0 changes of earlier days"]
    assert "run it again" in error
    assert InsightsHorizon.objects.get().rolled_before == FIRST + timedelta(days=1)
    assert_as_counted(FIRST, LAST)


def test_statements_do_not_grow_with_messages(group: Conversation, alice: User) -> None:
    """A day, and a batch of changes, takes a constant number."""
    run("rollup_insights")
    taken = []
    for many in (1, 20):
        for _ in range(many):
            write(alice, group, 1)
        taken.append(statements_of("rollup_insights"))
    assert taken[0] == taken[1]


def test_distributed_tables_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receipts.management.commands.rollup_insights.is_distributed", lambda: True)
    _, error = run_fails("rollup_insights", code=1)
    assert "distributed" in error
