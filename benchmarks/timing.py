"""Rivals that take turns in one process, and the ratios between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

#: One run of a rival in round n: prepares, then returns the seconds of the measured part.
Rival = Callable[[int], float]


def seconds(work: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def take_turns(
    rivals: Mapping[str, Rival], *, rounds: int, budget: float
) -> dict[str, list[float]]:
    """Run all rivals once per round, each round started by the next one; seconds by name.

    So load by other jobs affects all alike. Stops early, after at least three rounds, when
    ``budget`` seconds are used up.
    """
    names = list(rivals)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in _within(rounds, budget):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(rivals[name](number))
    return taken


def _within(rounds: int, budget: float) -> Iterator[int]:
    deadline = time.monotonic() + budget
    for number in range(rounds):
        if number >= 3 and time.monotonic() > deadline:
            return
        yield number


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours divided by theirs, round by round."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and the range in brackets."""
    low, middle, high = min(values), median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


def milliseconds(values: Sequence[float]) -> str:
    """Median and range of times given in seconds."""
    return spread([value * 1000 for value in values], 1 if median(values) > 0.01 else 2) + " ms"


def compare(label: str, taken: dict[str, list[float]], ours: str, theirs: str) -> None:
    """Print the time of ``ours`` as a multiple of ``theirs``."""
    paired = ratios(taken[ours], taken[theirs])
    print(f"  {label:34} {ours} / {theirs}: {spread(paired)} x, n={len(paired)}", flush=True)


def times(label: str, taken: dict[str, list[float]]) -> None:
    """Print the times of each rival."""
    told = "; ".join(f"{name} {milliseconds(values)}" for name, values in taken.items())
    print(f"  {label:34} {told}", flush=True)
