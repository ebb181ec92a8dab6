"""Which pushes are due: at once, or merged with later ones about the same.

A message that a thousand people read at once changes its counts a thousand times. The first change
is sent at once. After that, pushes about it are a short pause apart, and while each covers many
changes, the pauses double. The last change is always sent.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from receipts.gateways.sockets.vendor import Push

#: Seconds between two pushes about the same: usually, and at most.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
#: Changes within one pause from which on it is a storm.
MANY_CHANGES = 10
#: Pushes that may wait while a client catches up; above that it is dropped, and catches up again.
MOST_HELD = 1_000
#: Things whose last push is remembered; beyond that, those whose pause is over are forgotten.
MOST_PAUSES = 256


class Pacing:
    """The pushes of one connection that are not sent yet, in order."""

    __slots__ = ("held", "pauses")

    def __init__(self) -> None:
        self.held: dict[Hashable, Push] = {}
        #: By what it is about: when the next push is due, and the pause before that.
        self.pauses: dict[Hashable, tuple[float, float]] = {}

    def add(self, pushes: Iterable[Push]) -> None:
        """Hold these; a push replaces an earlier one about the same and takes its own place."""
        for each in pushes:
            if each.about is None:
                self.held[object()] = each
                continue
            earlier = self.held.pop(each.about, None)
            if earlier is not None:
                each = replace(each, changes=each.changes + earlier.changes)
            self.held[each.about] = each

    def due(self, now: float) -> list[Push]:
        """The pushes to send now. If one is not about anything, all that are held."""
        urgent = any(each.about is None for each in self.held.values())
        found = [
            about for about in self.held if urgent or self.pauses.get(about, (now, 0.0))[0] <= now
        ]
        due = [self.held.pop(about) for about in found]
        for each in due:
            if each.about is not None:
                self._pause(each.about, each.changes, now)
        return due

    def next_due(self) -> float | None:
        """When something that is held is due."""
        return min((self.pauses[about][0] for about in self.held), default=None)

    def _pause(self, about: Hashable, changes: int, now: float) -> None:
        pause = self.pauses.get(about, (now, SHORTEST_PAUSE / 2))[1]
        pause = min(2 * pause, LONGEST_PAUSE) if changes >= MANY_CHANGES else SHORTEST_PAUSE
        if len(self.pauses) >= MOST_PAUSES:
            self.pauses = {key: kept for key, kept in self.pauses.items() if kept[0] > now}
        self.pauses[about] = now + pause, pause
