"""How well messages arrive: rates, and how long delivery and reading take, by day.

For every caller: counted from the messages and their rows, and from the rollup where it has days of
the range. What is included is said in ``receipts.reads.figures``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, TypedDict

from receipts.reads.counted import counted_by_day, counted_by_place
from receipts.reads.figures import COUNTED, MessageFigures
from receipts.reads.histograms import READ_WITHIN, Histogram
from receipts.reads.rolled import figures_by_day, rolled_before
from receipts.reads.scopes import InsightsScope
from receipts.sql.times import midnight


class TimeSpread(TypedDict):
    """Seconds: the median, and the time within which 95 % lie; null without any."""

    median: float | None
    p95: float | None


#: Of no times.
NO_TIMES: TimeSpread = {"median": None, "p95": None}


class InsightFigures(TypedDict):
    """Counts, rates from 0 to 1, and times of a day or of a whole range."""

    messages: int
    recipients: int
    delivered: int
    read: int
    delivered_rate: float | None
    read_rate: float | None
    seconds_to_delivered: TimeSpread
    seconds_to_read: TimeSpread


class DayFigures(InsightFigures):
    """The figures of one UTC day."""

    day: str


InsightsAnswer = TypedDict(
    "InsightsAnswer", {"from": date, "to": date, "total": InsightFigures, "days": list[DayFigures]}
)


@dataclass(frozen=True)
class MeasuredRange:
    """Insights from ``since`` to ``until``, both UTC days included.

    For the messages of one sender or of everybody, in one conversation or in all. Counts are exact;
    percentiles too, unless a day of the range is rolled up: then they are within 1 %.
    """

    since: date
    until: date
    sender_id: int | None = None
    conversation_id: int | None = None

    def answer(self) -> InsightsAnswer:
        """Rates and times by day, and in total.

        Times are in seconds; a rate is a share of recipients from 0 to 1, or null without any.
        """
        if self._rolled is None:
            days, whole = counted_by_day(self._scope, self._times)
        else:
            figures = {day: each for day, each in self._rolled.items() if each.counts[0]}
            days = {day: _found(each) for day, each in figures.items()}
            whole = _spreads(_sum(figures.values()))
        for name in COUNTED:
            whole[name] = sum(day.get(name, 0) for day in days.values())
        return {
            "from": self.since,
            "to": self.until,
            "total": _shape(whole),
            "days": [{"day": day, **_shape(days[day])} for day in sorted(days)],
        }

    def times_to_read(self) -> list[tuple[str, int]]:
        """The number of reads in each bucket of ``READ_WITHIN``."""
        if self._rolled is None:
            counts = counted_by_place(self._scope, self._times)
        else:
            counts = _sum(self._rolled.values()).to_read.by_place()
        return [(label, count) for (_, label), count in zip(READ_WITHIN, counts, strict=True)]

    @cached_property
    def _rolled(self) -> dict[str, MessageFigures] | None:
        """The figures of each day, if the rollup has any of the range."""
        before = rolled_before()
        if before is None or before <= self.since:
            return None
        young = max(self.since, min(before, self.until + timedelta(days=1)))
        return figures_by_day(
            self._scope,
            {
                "first": self.since,
                "rolled_before": young,
                "young": midnight(young),
                "until": self._times["until"],
            },
        )

    @property
    def _scope(self) -> InsightsScope:
        return InsightsScope(sender_id=self.sender_id, conversation_id=self.conversation_id)

    @property
    def _times(self) -> dict[str, datetime]:
        return {
            "since": midnight(self.since),
            "until": midnight(self.until + timedelta(days=1)),
        }


def _sum(days: Iterable[MessageFigures]) -> MessageFigures:
    whole = MessageFigures()
    for day in days:
        whole.to_delivered.add(day.to_delivered)
        whole.to_read.add(day.to_read)
    return whole


def _found(figures: MessageFigures) -> dict[str, Any]:
    return {**dict(zip(COUNTED, figures.counts, strict=True)), **_spreads(figures)}


def _spreads(figures: MessageFigures) -> dict[str, Any]:
    return {
        "seconds_to_delivered": _spread(figures.to_delivered),
        "seconds_to_read": _spread(figures.to_read),
    }


def _spread(times: Histogram) -> TimeSpread:
    median, p95 = times.percentiles(0.5, 0.95)
    return {"median": median, "p95": p95}


def _shape(found: dict[str, Any]) -> InsightFigures:
    recipients = found["recipients"]
    return {
        "messages": found["messages"],
        "recipients": recipients,
        "delivered": found["delivered"],
        "read": found["read"],
        "delivered_rate": round(found["delivered"] / recipients, 4) if recipients else None,
        "read_rate": round(found["read"] / recipients, 4) if recipients else None,
        "seconds_to_delivered": found.get("seconds_to_delivered", NO_TIMES),
        "seconds_to_read": found.get("seconds_to_read", NO_TIMES),
    }
