"""How a mark moves a participant's position: what is received or read first counts (rules 6, 13).

In Python, over one stay: no statement runs here. A position covers everything up to it, so a mark
moves it forward or not at all. Of each message the first mark that covers it decides, with its
privacy; a later one changes that only where it is open on request, or may be older and is private.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from receipts.ledger.marks import Mark, discloses
from receipts.models import MemberPosition, StretchKind

#: Messages above the first id, up to the second one.
Stretch = tuple[int, int]


class Stretches:
    """The private stretches of one stay, loaded when they are first needed."""

    def __init__(self, load: Callable[[], dict[StretchKind, list[Stretch]]]) -> None:
        self._load = load
        self.is_changed = False

    @cached_property
    def of(self) -> dict[StretchKind, list[Stretch]]:
        """The stretches of each kind, in their order; they do not overlap."""
        return self._load()

    def cover(self, kind: StretchKind, message: int) -> bool:
        """Whether one of a kind contains a message."""
        return any(after < message <= up_to for after, up_to in self.of[kind])

    def add(self, kind: StretchKind, after: int, up_to: int) -> None:
        """Add one, joined with those that it touches."""
        if after >= up_to:
            return
        apart = [each for each in self.of[kind] if each[1] < after or each[0] > up_to]
        joined = [(after, up_to), *(each for each in self.of[kind] if each not in apart)]
        whole = min(first for first, _ in joined), max(last for _, last in joined)
        self._keep(kind, sorted([*apart, whole]))

    def remove(self, kind: StretchKind, up_to: int) -> int:
        """Remove everything up to a message; return the last one that is gone, 0 for none."""
        removed = [min(end, up_to) for after, end in self.of[kind] if after < up_to]
        self._keep(kind, [(max(a, up_to), b) for a, b in self.of[kind] if b > up_to])
        return max(removed, default=0)

    def _keep(self, kind: StretchKind, stretches: list[Stretch]) -> None:
        if stretches != self.of[kind]:
            self.of[kind], self.is_changed = stretches, True


@dataclass
class Stay:
    """One stay, as marks change it."""

    position: MemberPosition
    stretches: Stretches
    is_changed: bool = field(default=False, init=False)

    def contains(self, message: int) -> bool:
        """Whether a message arrived in this stay."""
        return self.position.since < message <= (self.position.until or message)

    def has_read_openly(self, message: int) -> bool:
        """Whether others may know that the message was read."""
        is_covered = self.position.read_up_to >= message
        return is_covered and not self.stretches.cover(StretchKind.READ, message)

    def has(self, mark: Mark, message: int) -> bool:
        """Whether the message has such a mark already."""
        if not mark.read:
            return self.position.received_up_to >= message
        if self.position.seen_up_to < message:
            return False
        return not mark.explicit or self.has_read_openly(message)

    def advance(self, mark: Mark, up_to: int, at: datetime) -> None:
        """Make a mark on everything up to a message. ``at`` is not before that was sent."""
        goal = up_to if self.position.until is None else min(up_to, self.position.until)
        if goal <= self.position.since:
            return
        before = _values(self.position)
        self._receive(mark, goal, at)
        if mark.read:
            (self._read if discloses(mark) else self._read_privately)(mark, goal, at)
        position = self.position
        position.known_up_to = max(position.delivered_up_to, position.read_up_to)
        if _values(position) != before:
            position.moved_at = at
            self.is_changed = True

    def _receive(self, mark: Mark, goal: int, at: datetime) -> None:
        position = self.position
        if goal > position.received_up_to:
            if not mark.hides_delivery:
                # What was received privately stays so.
                first = max(position.delivered_up_to, position.since)
                if position.received_up_to > first:
                    self.stretches.add(StretchKind.DELIVERY, first, position.received_up_to)
                position.delivered_from = position.delivered_up_to
                position.delivered_up_to, position.delivered_moved_at = goal, at
            position.received_up_to = goal
        elif mark.hides_delivery and self._may_be_older(mark, position.delivered_moved_at):
            end = min(goal, position.delivered_up_to)
            self.stretches.add(StretchKind.DELIVERY, position.since, end)

    def _read(self, mark: Mark, goal: int, at: datetime) -> None:
        position = self.position
        if mark.explicit and (disclosed := self.stretches.remove(StretchKind.READ, goal)):
            # These were disclosed now, and not when the position moved over them.
            position.read_from = max(position.read_from, disclosed)
        if goal > position.seen_up_to or (mark.explicit and goal > position.read_up_to):
            first = max(position.read_up_to, position.since)
            if not mark.explicit and position.seen_up_to > first:
                self.stretches.add(StretchKind.READ, first, position.seen_up_to)
            position.read_from = position.read_up_to
            position.read_up_to, position.read_moved_at = goal, at
            position.seen_up_to = max(position.seen_up_to, goal)

    def _read_privately(self, mark: Mark, goal: int, at: datetime) -> None:
        position = self.position
        if self._may_be_older(mark, position.read_moved_at):
            if goal >= position.read_up_to:
                conceal(self)
            else:
                self.stretches.add(StretchKind.READ, position.since, goal)
        position.seen_up_to = max(position.seen_up_to, goal)

    def _may_be_older(self, mark: Mark, moved_at: datetime | None) -> bool:
        """Whether a given time may be before the open mark: a position knows the last time only."""
        return mark.backdated and moved_at is not None and mark.at <= moved_at


def conceal(stay: Stay) -> bool:
    """Make all reads of a stay private (rule 13); return whether any was open."""
    position = stay.position
    if not position.read_up_to:
        return False
    stay.stretches.remove(StretchKind.READ, position.read_up_to)
    position.read_up_to, position.read_from, position.read_moved_at = 0, 0, None
    position.known_up_to = position.delivered_up_to
    stay.is_changed = True
    return True


def _values(position: MemberPosition) -> tuple[object, ...]:
    return (
        position.delivered_up_to,
        position.received_up_to,
        position.read_up_to,
        position.seen_up_to,
        position.read_from,
    )
