"""What a device is sent before live events: what waits for a new one, what a known one missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from receipts.feed.hub import Arrival, hub
from receipts.feed.member import Member
from receipts.feed.positions import Position
from receipts.gateways.sockets.vendor import Push, Vendor

#: Pushes to a new device that are sent together.
AT_ONCE = 50


class Arriving(Member, Protocol):
    """A connection that has logged in."""

    #: Where the feed begins for its device, and whether that is new.
    position: Position
    is_new: bool

    @property
    def encoding(self) -> Vendor: ...


async def missed_by(
    socket: Arriving, arrival: Arrival
) -> AsyncIterator[tuple[list[Push], Position | None]]:
    """Pushes, and the position after them; None if more belong to it.

    It is told that a new device has been sent what waits, even if that is nothing.
    """
    if socket.is_new and socket.encoding.confirms:
        asked = socket.encoding.waiting, socket.listener, socket.position
        waiting = await hub().in_background(*asked)
        for first in range(0, len(waiting), AT_ONCE):
            yield waiting[first : first + AT_ONCE], None
        yield [], socket.position
    async for page in hub().missed(socket, socket.position, arrival):
        if page.written:
            yield page.written, page.position
