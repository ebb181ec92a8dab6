"""What a client was sent and has not confirmed yet, and how far in the feed it has got by that."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from receipts.feed.positions import Position
from receipts.gateways.agora.frames import Queue

#: Parts of the feed that are told apart; of more, the latest are confirmed together.
MOST_PARTS = 64


@dataclass(slots=True)
class _Part:
    """What was sent of a part of the feed: the last key of each queue, and where the part ends."""

    keys: dict[Queue, int] = field(default_factory=dict)
    end: Position | None = None


class Outstanding:
    """The keys of one connection. A client confirms each queue by itself, in the order of keys."""

    __slots__ = ("key", "parts")

    def __init__(self) -> None:
        self.key = 0
        #: In the order of the feed; the last one may have no end yet.
        self.parts: deque[_Part] = deque()

    def next_key(self, queue: Queue) -> int:
        """The key of a page that is sent now: later than all others, those of before included.

        So it is the time, in microseconds: a client that reconnects may compare.
        """
        self.key = max(self.key + 1, time.time_ns() // 1000)
        if not self.parts or (self.parts[-1].end is not None and len(self.parts) < MOST_PARTS):
            self.parts.append(_Part())
        self.parts[-1].keys[queue] = self.key
        self.parts[-1].end = None
        return self.key

    def reached(self, position: Position) -> Position | None:
        """All up to this position has been sent; what is confirmed by that."""
        if not self.parts:
            return position
        # Without a page of its own it is reached with the pages before.
        self.parts[-1].end = position
        return self._reached()

    def confirm(self, queue: Queue, key: int) -> Position | None:
        """The client has all of a queue up to a key; the position that it has reached by that."""
        for part in self.parts:
            if part.keys.get(queue, key + 1) <= key:
                del part.keys[queue]
        return self._reached()

    def _reached(self) -> Position | None:
        found = None
        while self.parts and not self.parts[0].keys and self.parts[0].end is not None:
            found = self.parts.popleft().end
        return found

    def __bool__(self) -> bool:
        return bool(self.parts)
