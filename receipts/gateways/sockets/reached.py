"""How far a client that confirms nothing has certainly got.

What is written to a connection may be lost with it, and the service learns of that late. So what
was sent counts as received only if something else came in a while afterwards, or if the client
closed the connection itself. What does not count is sent again after a reconnect.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from receipts.feed.positions import Position

#: Seconds after which a client that is heard has received what was sent.
CERTAIN = 10.0
#: Seconds: what was sent within them is one entry.
TOGETHER = 2.0
#: Entries that cover more than ``CERTAIN``; of more, the earliest are joined to later ones.
MOST_ENTRIES = 8


@dataclass(slots=True)
class _Entry:
    began: float
    ended: float
    position: Position


class Reached:
    """What was sent on one connection, and when."""

    __slots__ = ("entries", "quiet")

    def __init__(self) -> None:
        self.entries: deque[_Entry] | None = None
        #: A position up to which there was nothing to send.
        self.quiet: Position | None = None

    def sent(self, position: Position | None, now: float) -> None:
        """Something has been sent, and so everything up to this position, if one is given."""
        self.quiet = None
        if position is None:
            return
        if self.entries is None:
            self.entries = deque(maxlen=MOST_ENTRIES)
        last = self.entries[-1] if self.entries else None
        if last is not None and now - last.began < TOGETHER:
            last.ended, last.position = now, position
        else:
            self.entries.append(_Entry(now, now, position))

    def idle(self, position: Position | None) -> None:
        """There is nothing to send up to this position."""
        if not self.entries:
            self.quiet = position

    def at(self, now: float) -> Position | None:
        """A frame has come in: what is certain now, if that is more than before."""
        found = None
        while self.entries and self.entries[0].ended <= now - CERTAIN:
            found = self.entries.popleft().position
        return found

    def confirmed(self, position: Position) -> None:
        """The client has said that everything up to this position has arrived."""
        if self.entries and self.entries[-1].position == position:
            self.entries.clear()

    def last(self, *, with_sent: bool) -> Position | None:
        """At the end: the last certain position, including what was sent if that has arrived."""
        if with_sent and self.entries:
            return self.entries[-1].position
        return self.quiet
