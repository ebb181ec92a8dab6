"""Charts as plain SVG: this module computes lengths in per cent, and templates draw them.

Lengths in per cent fit any screen without a script, and text keeps its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from receipts.reads.insights import DayFigures
from receipts.rules.rows import SummaryRow


@dataclass(frozen=True)
class Part:
    """A segment of a stacked bar; ``start`` and ``length`` in per cent."""

    name: str
    label: str
    count: int
    start: float
    length: float


def parts_of(counts: Iterable[tuple[str, str, int]]) -> list[Part]:
    """Segments in order, from (name, label, count) tuples; together they fill the bar."""
    counts = list(counts)
    whole = sum(count for _, _, count in counts) or 1
    parts, before = [], 0
    for name, label, count in counts:
        parts.append(Part(name, label, count, 100 * before / whole, 100 * count / whole))
        before += count
    return parts


def receipts_bar(message: SummaryRow) -> list[Part]:
    """A message's recipients by state, as segments (the counts of rule 19)."""
    read, delivered = message["read_count"], message["delivered_count"]
    failed = message["failed_count"]
    return parts_of(
        [
            ("read", "Read", read),
            ("delivered", "Delivered, not read", delivered - read),
            ("failed", "Not delivered", failed),
            ("pending", "Pending", message["recipient_count"] - delivered - failed),
        ]
    )


@dataclass(frozen=True)
class Column:
    """One day of a chart: a bar for delivered, and in it one for read; sizes in per cent."""

    day: date
    figures: DayFigures | None
    start: float
    length: float
    delivered: float
    read: float

    @property
    def above_read(self) -> float:
        """The top of the delivered bar: bars grow upwards, and SVG's y axis points down."""
        return 100 - self.delivered

    @property
    def above_ground(self) -> float:
        return 100 - self.read


def chart_columns(since: date, until: date, days: Iterable[DayFigures]) -> list[Column]:
    """One column per day, both ends included; a day without messages has an empty one."""
    told = {str(day["day"]): day for day in days}
    length, columns = 100 / ((until - since).days + 1), []
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        figures = told.get(str(day))
        delivered = 100 * (figures["delivered_rate"] or 0) if figures else 0.0
        read = 100 * (figures["read_rate"] or 0) if figures else 0.0
        start, width = number * length + length * 0.1, length * 0.8
        columns.append(Column(day, figures, start, width, delivered, read))
    return columns


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def spoken(seconds: float | None) -> str:
    """A duration in its two largest units: ``2 h 10 min``."""
    if seconds is None:
        return "—"
    if seconds < 10:
        return f"{seconds:.1f} s"
    words: list[str] = []
    left = round(seconds)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or words:
            words.append(f"{count} {unit}" if count else "")
        if len(words) == 2:
            break
    return " ".join(filter(None, words))


def percent(rate: float | None) -> str:
    """A share from 0 to 1 as a percentage: ``12.5 %``."""
    return "—" if rate is None else f"{100 * rate:.1f}".removesuffix(".0") + " %"
