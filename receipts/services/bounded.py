"""Work in bounded batches, under a time budget (rule 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from django.conf import settings


@dataclass(frozen=True)
class BatchOutcome:
    """How many rows were marked, and whether nothing is left to mark."""

    marked: int
    complete: bool


def time_budget() -> Callable[[], bool]:
    """A function: whether there is time for a batch that takes as long as the longest so far."""
    last = monotonic()
    end, longest = last + settings.BATCH_BUDGET_MS / 1000, 0.0

    def is_time_left() -> bool:
        nonlocal last, longest
        longest, last = max(longest, monotonic() - last), monotonic()
        return last + longest < end

    return is_time_left
