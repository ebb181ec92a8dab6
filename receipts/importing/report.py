"""The result of an import: the skipped lines, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from receipts.upkeep.progress import beside_the_bar

#: At most this many skipped lines are reported one by one; the rest are only counted.
LINES_TOLD = 100

#: What an import changes in addition to inserting records.
CHANGES = (
    "status rows written",
    "status rows marked",
    "status rows withdrawn",
    "watermarks moved",
)


class LineRefused(Exception):
    """A bad line, which a strict run does not skip."""


@dataclass
class Report:
    """Counts new and existing records, and reports the lines that were skipped."""

    say: Callable[[str], Any]
    strict: bool = False
    skipped: int = 0
    #: By type of record: how many were valid, and how many of these were inserted.
    good: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    #: Other changes, by their description; those that are not among ``CHANGES`` only where a later
    #: file changed what an earlier one had said.
    changes: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(CHANGES, 0)))

    #: What an operator should know and no line is refused for, by its description.
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def room(self) -> int:
        """How many more skipped lines are reported one by one."""
        return max(0, LINES_TOLD - self.skipped)

    def skip(self, line: int, reason: str) -> None:
        """Report a line that is not imported. Raises ``LineRefused`` if the run is strict."""
        said = f"line {line}: {reason}"
        if self.strict:
            raise LineRefused(said)
        if self.room:
            with beside_the_bar():
                self.say(said)
        self.skipped += 1

    def totals(self) -> tuple[Any, ...]:
        """What has been counted so far, for ``reset``."""
        return self.skipped, *(each.copy() for each in self._counters())

    def reset(self, totals: tuple[Any, ...]) -> None:
        """Count from earlier totals on: what came after them is done again."""
        self.skipped, *counters = totals
        for each, earlier in zip(self._counters(), counters, strict=True):
            each.clear()
            each.update(earlier)

    def _counters(self) -> tuple[Counter[str], ...]:
        return self.good, self.new, self.changes, self.notes

    def summary(self, *, stopped: bool = False) -> Iterator[str]:
        """The lines of the summary: what this run added, and what already existed.

        If the run was ``stopped``, it is not known what else existed and how much was applied.
        """
        for kind in ("user", "conversation", "participant", "message"):
            new = self.new[kind]
            there = "" if stopped else f", {self.good[kind] - new} already existed"
            yield f"{kind}s: {new} imported{there}"
        for kind in () if stopped else ("receipt", "watermark"):
            yield f"{kind}s: {self.good[kind]} applied"
        if self.good["seen"] and not stopped:
            yield f"seen: {self.good['seen']} applied"
        for what, number in self.changes.items():
            if number or what in CHANGES:
                yield f"{what}: {number}"
        yield from (f"{what}: {number}" for what, number in self.notes.items() if number)
        yield f"lines skipped: {self.skipped}" + (
            f", of which {self.skipped - LINES_TOLD} not shown" if self.skipped > LINES_TOLD else ""
        )
        if self.good.total() and not (stopped or self.new.total() or self.changes.total()):
            yield "Nothing changed: everything already existed."
