"""Histograms of times: numbered buckets, each 1 % wide, in which nothing but counts is kept.

A bucket is as wide as 1 % of its times, and none lies on both sides of a bound of ``READ_WITHIN``:
its number is that of the power of 1.01, plus the number of bounds that have been passed. Times of
less than a millisecond are in bucket 0. As text a histogram is ``bucket,count`` pairs, separated by
commas: such texts are added up by joining them.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import accumulate

#: Buckets of the time to read: the upper bound in seconds, and a label; the last has no bound.
READ_WITHIN = (
    (10, "under 10 s"),
    (60, "under 1 min"),
    (5 * 60, "under 5 min"),
    (60 * 60, "under 1 h"),
    (24 * 60 * 60, "under 1 day"),
    (None, "longer"),
)

_LEAST, _STEP = 0.001, 1.01
_EDGES = [_LEAST, *(most for most, _ in READ_WITHIN if most), math.inf]


def place_sql(seconds: str) -> str:
    """SQL: the place in ``READ_WITHIN`` of a time in seconds."""
    whens = " ".join(
        f"WHEN {seconds} < {most} THEN {place}"
        for place, (most, _) in enumerate(READ_WITHIN)
        if most
    )
    return f"CASE {whens} ELSE {len(READ_WITHIN) - 1} END"


def bucket_sql(seconds: str) -> str:
    """SQL: the bucket of a time in seconds; null stays null."""
    power = f"CAST(FLOOR(LN({seconds} / {_LEAST}) / {math.log(_STEP)!r}) AS integer)"
    return (
        f"CASE WHEN {seconds} < {_LEAST} THEN 0"
        f" WHEN {seconds} IS NOT NULL THEN 1 + {power} + {place_sql(seconds)} END"
    )


@cache
def _bucket(number: int) -> tuple[float, int]:
    """The middle of a bucket in seconds, by which its times are shown, and its place."""
    if number == 0:
        return 0.0, 0
    for place in range(len(READ_WITHIN)):
        begin = max(_LEAST * _STEP ** (number - 1 - place), _EDGES[place])
        end = min(_LEAST * _STEP ** (number - place), _EDGES[place + 1])
        if begin < end:
            return math.sqrt(begin * end), place
    raise ValueError(f"There is no bucket {number}.")


class Histogram:
    """The number of times in each bucket."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = defaultdict(int)

    def add_pairs(self, text: str | None, sign: int = 1) -> None:
        """Add a text of pairs, or subtract it."""
        numbers = _numbers(text)
        buckets, counts = numbers[::2], numbers[1::2]
        found = dict(zip(buckets, counts, strict=True))
        if self._counts or sign != 1 or len(found) != len(buckets):
            self._add(zip(buckets, counts, strict=True), sign)
        else:  # the usual case, a third faster
            self._counts.update(found)

    def add_times(self, text: str | None) -> None:
        """Add single times, a text of their buckets."""
        self._add(Counter(_numbers(text)).items())

    def add(self, other: Histogram) -> None:
        """Add another one."""
        self._add(other._counts.items())

    def _add(self, pairs: Iterable[tuple[int, int]], sign: int = 1) -> None:
        found = self._counts
        for bucket, count in pairs:
            found[bucket] += sign * count

    def __str__(self) -> str:
        return ",".join(f"{bucket},{count}" for bucket, count in self._sorted() if count)

    def _sorted(self) -> list[tuple[int, int]]:
        return sorted(self._counts.items())

    def percentiles(self, *shares: float) -> list[float | None]:
        """By nearest rank: the first time at or after that share of all, within 1 %."""
        buckets = sorted(self._counts)
        up_to = list(accumulate(map(self._counts.__getitem__, buckets)))
        if not up_to or not up_to[-1]:
            return [None] * len(shares)
        places = (bisect_left(up_to, math.ceil(up_to[-1] * share)) for share in shares)
        return [round(_bucket(buckets[place])[0], 3) for place in places]

    def by_place(self) -> list[int]:
        """The number of times in each bucket of ``READ_WITHIN``; exact."""
        found = [0] * len(READ_WITHIN)
        for bucket, count in self._counts.items():
            found[_bucket(bucket)[1]] += count
        return found


def _numbers(text: str | None) -> list[int]:
    numbers: list[int] = json.loads(f"[{text or ''}]")
    return numbers
