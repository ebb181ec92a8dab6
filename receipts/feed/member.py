"""A connection, as the hub sees it: a stream, or a vendor's socket."""

from __future__ import annotations

from typing import Any, Protocol

from receipts.feed.encoding import Encoding
from receipts.feed.looking import Listener
from receipts.feed.positions import Position


class Member(Protocol):
    """What receives the events of one listener."""

    listener: Listener
    #: Whether it receives live events already.
    arrived: bool
    over: bool

    @property
    def encoding(self) -> Encoding:
        """How events are written for it."""

    def push(self, data: Any, position: Position) -> None:
        """Send events that ``encoding`` has written; ``position`` is the one after them."""

    def keep_alive(self, position: Position | None, now: float) -> None:
        """Called after each poll: whatever is due."""

    def finish(self) -> None:
        """End it: the client reconnects and authenticates again."""
