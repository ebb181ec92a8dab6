"""How far a command has come: a bar for people, a line now and then for a log."""

from __future__ import annotations

import io
from typing import Any

import pytest

from receipts.upkeep.progress import LINE_PAUSE, ProgressBar, followed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_log_gets_a_plain_line_at_most_every_ten_seconds(clock: Clock) -> None:
    log = io.StringIO()
    with ProgressBar("messages", 40_000, stream=log, clock=clock) as progress:
        for number in range(41):
            clock.now = number * LINE_PAUSE / 20
            progress.advance(1_000, f"{number * 2_500:,} rows")
    assert log.getvalue().splitlines() == [
        "21,000 of 40,000 messages, 50,000 rows",
        "40,000 of 40,000 messages, 100,000 rows",
    ]


def test_a_short_run_leaves_no_line_in_a_log(clock: Clock) -> None:
    log = io.StringIO()
    with ProgressBar("messages", 2, stream=log, clock=clock) as progress:
        progress.advance(2)
    assert log.getvalue() == ""


def test_a_line_does_without_what_is_not_known(clock: Clock) -> None:
    log = io.StringIO()
    with ProgressBar("lines", stream=log, clock=clock, label="reading") as progress:
        clock.now = LINE_PAUSE
        progress.advance(7)
    assert log.getvalue() == "reading: 7 lines\n"


def test_no_more_is_done_than_there_is(clock: Clock) -> None:
    """Others send while a command goes through the messages."""
    with ProgressBar("messages", 3, stream=io.StringIO(), clock=clock) as progress:
        progress.advance(5)
    assert progress.done == 3


def test_a_terminal_gets_a_bar_and_no_lines(clock: Clock) -> None:
    terminal = Terminal()
    with ProgressBar("messages", 4, stream=terminal, clock=clock) as progress:
        clock.now = 10 * LINE_PAUSE
        progress.advance(4, "9 rows")
    shown = terminal.getvalue()
    assert "100%" in shown
    assert "4/4" in shown
    assert "9 rows" in shown
    assert "of 4 messages" not in shown


@pytest.mark.parametrize("items", [[], ["a", "b"], iter("ab")])
def test_what_is_followed_comes_through_as_it_is(items: Any) -> None:
    expected = list(items) if isinstance(items, list) else ["a", "b"]
    assert list(followed(items, "lines")) == expected
