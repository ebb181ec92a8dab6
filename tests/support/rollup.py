"""Insights with the rollup beside insights that are counted: what the rollup must not change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from unittest.mock import patch

import pytest

from receipts.reads.insights import MeasuredRange

COUNTS = ("messages", "recipients", "delivered", "read", "delivered_rate", "read_rate")


def counted(**scope: Any) -> tuple[Any, list[tuple[str, int]]]:
    """The answer and the times to read without the rollup: from the messages and their rows."""
    with patch("receipts.reads.insights.rolled_before", lambda: None):
        measured = MeasuredRange(**scope)
        return measured.answer(), measured.times_to_read()


def assert_as_counted(since: date, until: date, **scope: Any) -> None:
    """Counts are the same, percentiles within 1 % or a millisecond."""
    scope |= {"since": since, "until": until}
    measured = MeasuredRange(**scope)
    answer, reads = measured.answer(), measured.times_to_read()
    expected, expected_reads = counted(**scope)
    assert exact(answer) == exact(expected), scope
    assert reads == expected_reads, scope
    assert seconds(answer) == pytest.approx(seconds(expected), rel=0.01, abs=0.0011), scope


def exact(answer: Any) -> list[Any]:
    """The figures that are never rounded, in total and by day."""
    return [
        [figures.get("day"), *(figures[name] for name in COUNTS)]
        for figures in (answer["total"], *answer["days"])
    ]


def seconds(answer: Any) -> dict[tuple[Any, ...], float | None]:
    """The percentiles, in total and by day."""
    return dict(_seconds(answer))


def _seconds(answer: Any) -> Iterator[tuple[tuple[Any, ...], float | None]]:
    for figures in (answer["total"], *answer["days"]):
        for state in ("delivered", "read"):
            for share, value in figures[f"seconds_to_{state}"].items():
                yield (figures.get("day"), state, share), value
