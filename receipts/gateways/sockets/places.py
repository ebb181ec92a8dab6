"""Stores how far devices have got: once a second, in one statement for all of them."""

from __future__ import annotations

import asyncio
import logging

from receipts.feed.devices import Device, store_positions
from receipts.feed.positions import Position
from receipts.gateways.sockets.calls import Threads

logger = logging.getLogger("seenby.socket")

#: Seconds between two times of storing.
PAUSE = 1.0


class Places:
    """The positions of one process that are not stored yet. Used in the event loop only."""

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        self.reached: dict[Device, Position] = {}
        self.task: asyncio.Task[None] | None = None

    def reach(self, device: Device, position: Position) -> None:
        """A device has received everything up to this position."""
        self.reached[device] = position
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._store_soon())

    async def store(self) -> None:
        """Store what there is. What cannot be stored is sent again after a reconnect."""
        reached, self.reached = self.reached, {}
        if not reached:
            return
        try:
            await self.threads(lambda: store_positions(reached.items()))
        except Exception as error:
            logger.warning("The positions of %d devices were not stored: %r", len(reached), error)

    async def _store_soon(self) -> None:
        while self.reached:
            await asyncio.sleep(PAUSE)
            await self.store()
