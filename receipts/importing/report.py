"""What an import did, line by line where it went wrong, and in sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from receipts.upkeep.progress import beside_the_bar

#: So many bad lines are told one by one; after that they are only counted.
LINES_TOLD = 100

#: What an import does to rows, beside bringing in records.
CHANGES = (
    "status rows written",
    "status rows marked",
    "status rows withdrawn",
    "watermarks moved",
)


class Refused(Exception):
    """A line that may not be skipped, since the run is strict."""


@dataclass
class Report:
    """Counts what was new and what was there already, and tells of the lines that were skipped."""

    say: Callable[[str], Any]
    strict: bool = False
    skipped: int = 0
    #: Of each type of record, how many were good, and how many of these made something new.
    good: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    #: What else changed, in words.
    changes: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(CHANGES, 0)))

    @property
    def room(self) -> int:
        """How many more bad lines will be told one by one."""
        return max(0, LINES_TOLD - self.skipped)

    def skip(self, line: int, reason: str) -> None:
        """Tell of a line that is not imported. Raises ``Refused`` if the run is strict."""
        said = f"line {line}: {reason}"
        if self.strict:
            raise Refused(said)
        if self.room:
            with beside_the_bar():
                self.say(said)
        self.skipped += 1

    def summary(self, *, stopped: bool = False) -> Iterator[str]:
        """What is there now because of this run, and what was there before it.

        Of a run that was ``stopped`` nobody knows what else was there, and how much was applied.
        """
        for kind in ("user", "conversation", "participant", "message"):
            new = self.new[kind]
            there = "" if stopped else f", {self.good[kind] - new} already there"
            yield f"{kind}s: {new} imported{there}"
        for kind in () if stopped else ("receipt", "watermark"):
            yield f"{kind}s: {self.good[kind]} applied"
        for what, number in self.changes.items():
            yield f"{what}: {number}"
        yield f"lines skipped: {self.skipped}" + (
            f", of which {self.skipped - LINES_TOLD} not told" if self.skipped > LINES_TOLD else ""
        )
        if self.good.total() and not (stopped or self.new.total() or self.changes.total()):
            yield "Nothing changed: all of it was there already."
