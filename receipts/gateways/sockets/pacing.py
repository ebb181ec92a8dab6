"""Which pushes are due: at once, or merged with later ones about the same.

A message that a thousand people read at once changes its counts a thousand times. The first change
is sent at once; the next ones after pauses that double, and the last one always.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from receipts.gateways.sockets.vendor import Push

#: Seconds after the first push about something, and the longest pause.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
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
            about = object() if each.about is None else each.about
            self.held.pop(about, None)
            self.held[about] = each

    def due(self, now: float) -> list[Push]:
        """The pushes to send now. If one is not about anything, all that are held."""
        urgent = any(each.about is None for each in self.held.values())
        found = [
            about for about in self.held if urgent or self.pauses.get(about, (now, 0.0))[0] <= now
        ]
        due = [self.held.pop(about) for about in found]
        for each in due:
            if each.about is not None:
                self._pause(each.about, now)
        return due

    def next_due(self) -> float | None:
        """When something that is held is due."""
        return min((self.pauses[about][0] for about in self.held), default=None)

    def _pause(self, about: Hashable, now: float) -> None:
        due, pause = self.pauses.get(about, (now, 0.0))
        # After a quiet time as long as the pause it begins anew.
        goes_on = pause and now < due + pause
        pause = min(2 * pause, LONGEST_PAUSE) if goes_on else FIRST_PAUSE
        if len(self.pauses) >= MOST_PAUSES:
            self.pauses = {key: kept for key, kept in self.pauses.items() if kept[0] > now}
        self.pauses[about] = now + pause, pause
