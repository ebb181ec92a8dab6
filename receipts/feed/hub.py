"""Who is connected to this process, and the one look for all of them a few times a second.

Lives in the event loop; what asks the database runs on threads of its own. The database is the
truth: a look that fails is made again from the same position, so nobody misses what happened
while it could not be asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import uniform
from typing import Any, TypeVar

from django.conf import settings
from django.db import close_old_connections

from receipts.feed.connection import Connection
from receipts.feed.positions import Position, newest_position
from receipts.feed.retention import prune_events
from receipts.feed.tailing import News, news

logger = logging.getLogger("seenby.feed")
Answer = TypeVar("Answer")

#: After a failed look, so many seconds pass before the next.
PAUSE = 1.0
#: Events are pruned about so often.
PRUNING_SECONDS = 3_600
#: Threads for looks and for those who catch up.
THREADS = 3


class TooManyStreams(Exception):
    """This process, or this listener, has as many streams as it may."""


class Hub:
    """The connections of one server process."""

    def __init__(self) -> None:
        self.connections: dict[int, set[Connection]] = {}
        self.count = 0
        self.position: Position | None = None
        self.threads = ThreadPoolExecutor(THREADS, "feed")
        self.life: asyncio.Task[None] | None = None
        # Nobody joins during a look, which would be one that does not have them in it.
        self.looking = asyncio.Lock()

    async def ask(self, call: Callable[..., Answer], *args: Any) -> Answer:
        """Run something that asks the database, on a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, _with_connection, call, *args)

    async def join(self, connection: Connection) -> None:
        """From now on the connection is told; what was before, it catches up with by itself."""
        async with self.looking:
            mine = self.connections.get(connection.listener.pk, ())
            if (
                self.count >= settings.EVENTS_MAX_STREAMS
                or len(mine) >= settings.EVENTS_MAX_STREAMS_EACH
            ):
                raise TooManyStreams
            if self.position is None:
                self.position = await self.ask(newest_position)
            self.connections.setdefault(connection.listener.pk, set()).add(connection)
            self.count += 1
            if self.life is None or self.life.done():
                self.life = asyncio.create_task(self._live())

    def leave(self, connection: Connection) -> None:
        """Tell it nothing more."""
        mine = self.connections.get(connection.listener.pk, set())
        if connection in mine:
            mine.remove(connection)
            self.count -= 1
            if not mine:
                del self.connections[connection.listener.pk]

    async def prune_now_and_then(self) -> None:
        """Delete events that are old enough, each hour, for as long as the process lives."""
        while True:
            await asyncio.sleep(uniform(0.1, 1.0) * PRUNING_SECONDS)  # noqa: S311
            try:
                await self.ask(prune_events)
            except Exception:
                logger.exception("Old events could not be deleted; that is tried again.")

    async def _live(self) -> None:
        """Look while anybody is connected, and let each hear now and then that all is well."""
        while self.count:
            started = time.monotonic()
            more = await self._look()
            self._keep_alive(started)
            if not more:
                pause = settings.EVENTS_POLL_MS / 1000 - (time.monotonic() - started)
                await asyncio.sleep(max(pause, 0.01))
        self.position = None

    async def _look(self) -> bool:
        """Tell everybody what is new; whether there is more already."""
        async with self.looking:
            if self.position is None or not self.connections:
                return False
            listeners = {pk: next(iter(mine)).listener for pk, mine in self.connections.items()}
            try:
                found: News = await self.ask(news, self.position, listeners)
            except Exception:
                # Whatever it was, what happened is still there when it is over.
                logger.exception("The feed could not look; it goes on from where it was.")
                await asyncio.sleep(PAUSE)
                return False
            self.position = found.position
            for pk, data in found.told.items():
                for connection in tuple(self.connections.get(pk, ())):
                    connection.push(data)
            return found.more

    def _keep_alive(self, now: float) -> None:
        """A heartbeat to those whose turn it is; an end to those whose time is over."""
        position = self.position
        for mine in tuple(self.connections.values()):
            for connection in tuple(mine):
                if now >= connection.ends_at:
                    connection.finish()
                elif now >= connection.heartbeat_at and position is not None:
                    connection.heartbeat(position, now)


def _with_connection(call: Callable[..., Answer], *args: Any) -> Answer:
    """Each call finds a connection that works, or makes a new one."""
    close_old_connections()
    try:
        return call(*args)
    finally:
        close_old_connections()
