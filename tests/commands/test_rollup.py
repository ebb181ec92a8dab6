"""``rollup_insights`` as an operator runs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from chat.models import Conversation, User
from receipts.models import (
    InsightsConversationDay,
    InsightsDay,
    InsightsHorizon,
    InsightsPart,
    InsightsSenderDay,
)
from receipts.models.insights import InsightsFigures
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
        f"0 days of 0 messages rolled up, {again():,} days again; 0 changes of earlier days"
    ]


def again() -> int:
    """The days from the sixth of January up to the horizon."""
    return (InsightsHorizon.objects.get().rolled_before - (FIRST + timedelta(days=1))).days


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


def of_thursday() -> str:
    """Days are compared from here on: the last of the messages."""
    return f"--since={LAST - timedelta(days=1)}"


def test_a_comparison_finds_nothing_where_all_is_right(group: Conversation) -> None:
    """Nor before the first rollup, nor in what has changed since the last one."""
    assert run("rollup_insights", "--check") == ["0 days compared: 0 differences"]
    run("rollup_insights")
    for message in group.messages.all():
        mark(message, "carol", after=9)
    assert run("rollup_insights", "--check", of_thursday(), "--sample=1000000")[-1].endswith(
        "compared: 0 differences"
    )
    [line] = run("rollup_insights", "--check")
    assert line == f"{again() + 1:,} days compared: 0 differences"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (InsightsPart, "conversation {group}, sender {alice}"),
        (InsightsConversationDay, "conversation {group}"),
        (InsightsSenderDay, "sender {alice}"),
        (InsightsDay, "everybody"),
    ],
)
def test_a_comparison_lists_what_was_changed_by_hand(
    group: Conversation, alice: User, model: type[InsightsFigures], told: str
) -> None:
    """It mends nothing unless it is asked to."""
    run("rollup_insights")
    of_first = model._default_manager.filter(day=FIRST)
    of_first.update(messages=7, to_read="1,1")
    lines, error = run_fails("rollup_insights", "--check", code=1)
    whose = told.format(group=group.pk, alice=alice.pk)
    assert f"2026-01-05, {whose}: messages 7 instead of 2, times to read" in lines
    assert "--fix" in error
    assert of_first.get().messages == 7
    assert run("rollup_insights", "--check", "--since=2026-01-06")[-1].endswith("0 differences")
    assert run("rollup_insights", "--check", "--fix")[-1].endswith("on 1 days (1 fixed)")
    assert run("rollup_insights", "--check")[-1].endswith("0 differences")
    assert_as_counted(FIRST, LAST)


def test_a_comparison_finds_what_is_missing_and_what_is_too_much(group: Conversation) -> None:
    run("rollup_insights")
    InsightsPart.objects.filter(day=FIRST).delete()
    InsightsConversationDay.objects.filter(day=LAST - timedelta(days=1)).update(conversation=0)
    lines, _ = run_fails("rollup_insights", "--check", code=1)
    assert lines[-1].endswith("6 differences on 2 days (0 fixed)"), lines


def test_a_long_list_of_differences_is_cut(
    group: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receipts.upkeep.rollup.comparing.DIFFERENCES_TOLD", 2)
    run("rollup_insights")
    InsightsPart.objects.all().delete()
    lines, _ = run_fails("rollup_insights", "--check", code=1)
    assert (len(lines), lines[2]) == (4, "and 10 more")


def test_one_day_is_compared_of_a_sample_of_one() -> None:
    run("rollup_insights")
    assert run("rollup_insights", "--check", "--sample=1") == ["1 days compared: 0 differences"]


@pytest.mark.parametrize("alone", ["--fix", "--sample=3"])
def test_what_belongs_to_a_comparison_is_refused_without_one(alone: str) -> None:
    _, error = run_fails("rollup_insights", alone, code=2)
    assert "--check" in error
