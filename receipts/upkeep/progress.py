"""The progress of a command: a bar on a terminal, elsewhere a plain line from time to time.

Both go to standard error, so that standard output contains only the findings and the summary. A
cron log gets at most a line every ten seconds, and none for a short run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any, Self, TextIO, TypeVar

from tqdm import tqdm

#: Seconds between two plain lines.
LINE_PAUSE = 10.0

Followed = TypeVar("Followed")


class ProgressBar(AbstractContextManager[Any]):
    """Counts ``unit``s up to ``total``, if known; ``label`` names what is being processed."""

    def __init__(
        self,
        unit: str,
        total: int | None = None,
        *,
        label: str = "",
        stream: TextIO | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.unit, self.total, self.label = unit, total, label
        self.done = 0
        self._stream, self._clock = stream or sys.stderr, clock
        self._next_line = clock() + LINE_PAUSE
        self._bar: Any = None
        if self._stream.isatty():
            self._bar = tqdm(total=total, desc=label or None, unit=f" {unit}", file=self._stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self, count: int, also: str = "") -> None:
        """Count ``count`` more as done; ``also`` is the result so far, in words."""
        if self.total is not None:
            count = min(count, self.total - self.done)  # some may be newer than the total
        self.done += count
        if self._bar is not None:
            self._bar.set_postfix_str(also, refresh=False)
            self._bar.update(count)
        elif self._clock() >= self._next_line:
            self._next_line = self._clock() + LINE_PAUSE
            print(self._line(also), file=self._stream, flush=True)

    def _line(self, also: str) -> str:
        """``12,000 of 40,000 messages, 31,000 rows``."""
        label = f"{self.label}: " if self.label else ""
        of_total = f" of {self.total:,}" if self.total is not None else ""
        return f"{label}{self.done:,}{of_total} {self.unit}" + (f", {also}" if also else "")


def followed(
    items: Iterable[Followed], unit: str, *, total: int | None = None, label: str = ""
) -> Iterator[Followed]:
    """The items; each is counted when the next one is requested."""
    with ProgressBar(unit, total, label=label) as progress:
        for item in items:
            yield item
            progress.advance(1)


def beside_the_bar() -> AbstractContextManager[None]:
    """A context in which other lines can be printed without breaking the progress bar."""
    beside: AbstractContextManager[None] = tqdm.external_write_mode()
    return beside
