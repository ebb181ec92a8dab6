"""Comparing what is rolled up with messages and rows: drift is a bug, or a change by hand.

All of a day is read by one statement, so that all of it is of one moment. Parts are compared with
counting, unless they are noted or their conversation is deleted: of these insights use nothing that
is stored, and the next rollup writes them again. Sums are compared with their parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import sample

from receipts.models import InsightsHorizon, InsightsPart
from receipts.reads.figures import COLUMNS, COUNTED, MessageFigures
from receipts.rules.deleted import present_sql
from receipts.sql.run import fetch_rows
from receipts.upkeep.progress import ProgressBar, beside_the_bar
from receipts.upkeep.rollup.horizon import DAY
from receipts.upkeep.rollup.parts import (
    FIGURES,
    PART_NAMES,
    SUMS,
    Row,
    as_name,
    figures_in,
    parts_now_sql,
    summed,
    wanted_params,
)
from receipts.upkeep.rollup.rolling import first_day, roll_day_again

#: At most this many differences are reported one by one; the rest are only counted.
DIFFERENCES_TOLD = 50

_NOW, _NOTED = "now", "noted"
#: The parts as they are now, everything that is stored, and which conversations are not compared.
_OF_DAY = """
    SELECT '{now}', {names}, {figures} FROM ({parts}) AS now
     UNION ALL {stored}
     UNION ALL
    SELECT '{noted}', NULL, conversation_id, NULL, {nothing} FROM receipts_insightschange
     WHERE day = %(on)s
     UNION ALL
    SELECT '{noted}', NULL, conversation_id, NULL, {nothing} FROM receipts_insightspart
     WHERE day = %(on)s AND NOT ({present})"""
_STORED = "SELECT '{table}', {names}, {figures} FROM {table} WHERE day = %(on)s"

#: Figures by whose they are.
FiguresByName = dict[Row, Row]


@dataclass
class Comparison:
    """One run over the days that are rolled up."""

    #: Prints a line: the differences, the first ones one by one.
    say: Callable[[str], object]
    #: Only days from this one on.
    since: date | None = None
    #: At most this many days, chosen at random.
    sample: int | None = None
    #: Whether days that differ are rolled up again.
    fix: bool = False
    days: int = field(default=0, init=False)
    #: Parts and sums that differ, the days on which, and how many of these were rolled up again.
    differences: int = field(default=0, init=False)
    days_that_differ: int = field(default=0, init=False)
    fixed: int = field(default=0, init=False)

    def run(self) -> None:
        """Compare day by day."""
        days = self._days()
        with ProgressBar("days", len(days)) as progress:
            for day in days:
                found = list(_differences(day))
                self._tell(found)
                self.days += 1
                self.differences += len(found)
                self.days_that_differ += bool(found)
                if found and self.fix:
                    roll_day_again(day)
                    self.fixed += 1
                progress.advance(1, f"{self.differences:,} differences")

    @property
    def untold(self) -> int:
        """How many differences were not reported one by one."""
        return max(0, self.differences - DIFFERENCES_TOLD)

    def _tell(self, found: Sequence[str]) -> None:
        left = max(0, DIFFERENCES_TOLD - self.differences)
        with beside_the_bar():
            for line in found[:left]:
                self.say(line)

    def _days(self) -> list[date]:
        horizon = InsightsHorizon.objects.filter(pk=1).first()
        first = first_day()
        if horizon is None or first is None:
            return []
        begin = max(first, self.since or first)
        days = [begin + DAY * place for place in range((horizon.rolled_before - begin).days)]
        if self.sample is None or self.sample >= len(days):
            return days
        return sorted(sample(days, self.sample))


def _differences(day: date) -> Iterator[str]:
    """One line for each part that differs from counting, and for each sum from its parts."""
    found = _figures_of(day)
    now, parts = found[_NOW], found[InsightsPart._meta.db_table]
    noted = {conversation for _, conversation, _ in found[_NOTED]}
    yield from _compared(
        {part: row for part, row in parts.items() if part[1] not in noted},
        {part: row for part, row in now.items() if part[1] not in noted},
    )
    for model, names in SUMS.items():
        of_sum: dict[Row, list[Row]] = defaultdict(list)
        for part, row in parts.items():
            of_sum[_without_others(part, names)].append(row)
        expected = {key: summed((1, row) for row in rows) for key, rows in of_sum.items()}
        yield from _compared(found[model._meta.db_table], expected)


def _without_others(values: Row, names: Sequence[str]) -> Row:
    """The values of these names of a part, and None for its others."""
    named = zip(PART_NAMES, values, strict=True)
    return tuple(value if name in names else None for name, value in named)


def _figures_of(day: date) -> dict[str, FiguresByName]:
    """What is stored of a day and what is counted, by table or kind."""
    stored = (
        _STORED.format(
            table=model._meta.db_table,
            names=", ".join(
                name or "NULL" for name in _without_others(PART_NAMES, SUMS.get(model, PART_NAMES))
            ),
            figures=", ".join(COLUMNS),
        )
        for model in FIGURES
    )
    statement = _OF_DAY.format(
        now=_NOW,
        noted=_NOTED,
        names=", ".join(PART_NAMES),
        figures=", ".join(COLUMNS),
        parts=parts_now_sql(("day",)),
        stored=" UNION ALL ".join(stored),
        nothing=", ".join(["NULL"] * len(COLUMNS)),
        present=present_sql("conversation_id"),
    )
    found: dict[str, FiguresByName] = defaultdict(dict)
    params = wanted_params(("day",), [(day,)]) | {"on": str(day)}
    for what, *row in fetch_rows(statement, params):
        found[what][as_name(row[: len(PART_NAMES)])] = figures_in(tuple(row))
    return found


def _compared(stored: FiguresByName, expected: FiguresByName) -> Iterator[str]:
    nothing = (0, 0, 0, 0, "", "")
    for name in sorted(stored.keys() | expected.keys(), key=str):
        ours, right = stored.get(name, nothing), expected.get(name, nothing)
        if ours != right and (difference := _difference(ours, right)):
            yield f"{_whose(name)}: {difference}"


def _difference(stored: Row, expected: Row) -> str:
    """What differs, in words; a text of pairs may be in any order."""
    ours, right = _plain(stored), _plain(expected)
    return ", ".join(
        f"{name} {one} instead of {other}" if name in COUNTED else f"times {name.replace('_', ' ')}"
        for name, one, other in zip(COLUMNS, ours, right, strict=True)
        if one != other
    )


def _plain(row: Row) -> Row:
    figures = MessageFigures()
    figures.add(row)
    return figures.columns()


def _whose(name: Row) -> str:
    day, conversation, sender = name
    told = [str(day)]
    told += [f"conversation {conversation}"] if conversation is not None else []
    told += [f"sender {sender}"] if sender is not None else []
    return ", ".join(told if len(told) > 1 else [*told, "everybody"])
