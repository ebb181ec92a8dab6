"""Who is connected to this process, and the one look for all of them a few times a second.

Lives in the event loop; what asks the database runs on threads of its own. The database is the
truth: a look that fails is made again from the same position, so nobody misses what happened
while it could not be asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from random import uniform
from typing import Any, TypeVar

from django.conf import settings
from django.db import close_old_connections

from receipts.feed.connection import Connection
from receipts.feed.looking import Listener, Look, look
from receipts.feed.positions import CursorExpired, Position
from receipts.feed.reading import check_not_expired
from receipts.feed.retention import prune_events
from receipts.feed.tailing import News, news

logger = logging.getLogger("seenby.feed")
Answer = TypeVar("Answer")
Arrival = asyncio.Future[Position]

#: After a failed look, so many seconds pass before the next.
PAUSE = 1.0
#: Events are pruned about so often.
PRUNING_SECONDS = 3_600
#: Threads for those who catch up, after a restart all at once. Looks have one of their own.
THREADS = 2
#: So many events at a time somebody catches up with: who loses the stream again in between is told
#: no more of them than that a second time.
CATCH_UP = 100


class TooManyStreams(Exception):
    """This process, or this listener, has as many streams as it may; or the process ends."""


class Hub:
    """The connections of one server process."""

    def __init__(self) -> None:
        self.connections: dict[int, set[Connection]] = {}
        self.count = 0
        self.arriving: list[tuple[Connection, Arrival]] = []
        self.position: Position | None = None
        self.looking = ThreadPoolExecutor(1, "feed")
        self.catching_up = ThreadPoolExecutor(THREADS, "feed-catching-up")
        self.life: asyncio.Task[None] | None = None
        self.failing = self.closed = False

    def join(self, connection: Connection) -> Arrival:
        """Tell it what comes after a position that is known in a moment, and lies after any other.

        What was before, it catches up with by itself. It is that of the end of a look, so nothing
        is told twice and nothing is left out.
        """
        mine = self.connections.get(connection.listener.pk, ())
        if (
            self.closed
            or self.count >= settings.EVENTS_MAX_STREAMS
            or len(mine) >= settings.EVENTS_MAX_STREAMS_EACH
        ):
            raise TooManyStreams
        self.connections.setdefault(connection.listener.pk, set()).add(connection)
        self.count += 1
        arrival: Arrival = asyncio.get_running_loop().create_future()
        self.arriving.append((connection, arrival))
        if self.life is None or self.life.done():
            self.life = asyncio.create_task(self._live())
        return arrival

    def leave(self, connection: Connection) -> None:
        """Tell it nothing more."""
        mine = self.connections.get(connection.listener.pk, set())
        if connection in mine:
            mine.remove(connection)
            self.count -= 1
            if not mine:
                del self.connections[connection.listener.pk]

    def close(self) -> None:
        """The process ends: so do its streams, and their clients go on elsewhere."""
        self.closed = True
        self._finish_all()
        self.catching_up.shutdown(wait=False, cancel_futures=True)

    async def look(self, listener: Listener, position: Position) -> Look:
        """A page of what somebody catches up with."""
        return await _on(self.catching_up, look, listener, position, CATCH_UP)

    async def prune_now_and_then(self) -> None:
        """Delete events that are old enough, each hour, for as long as the process lives."""
        while True:
            await asyncio.sleep(uniform(0.1, 1.0) * PRUNING_SECONDS)  # noqa: S311
            try:
                await _on(self.catching_up, prune_events)
            except Exception:
                logger.exception("Old events could not be deleted; that is tried again.")

    async def _live(self) -> None:
        """Look while anybody is connected, and let each hear now and then that all is well."""
        while self.count:
            started, pause = time.monotonic(), settings.EVENTS_POLL_MS / 1000
            try:
                pause = 0.0 if await self._look() else pause
                self.failing = False
            except CursorExpired:
                logger.warning("The database is an older one: all have to load everything anew.")
                self._finish_all()
                self.position, self.failing = None, False
            except Exception as error:
                # Whatever it was, what happened is still there when it is over.
                again = self.failing
                logger.error("The feed tries again to look: %r", error, exc_info=not again)
                pause, self.failing = PAUSE, True
            now = time.monotonic()
            for connection in self._all():
                connection.keep_alive(self.position, now)
            await asyncio.sleep(max(pause - (now - started), 0.01))
        self.position = None

    async def _look(self) -> bool:
        """Tell everybody what is new; whether there is more already."""
        if self.failing and self.position is not None:
            await _on(self.looking, check_not_expired, self.position)
        arriving = len(self.arriving)
        listeners = {pk: next(iter(mine)).listener for pk, mine in self.connections.items()}
        found: News = await _on(self.looking, news, self.position, listeners)
        self.position = found.position
        for pk, data in found.told.items():
            for connection in tuple(self.connections.get(pk, ())):
                if connection.arrived:
                    connection.push(data)
        if not found.more:
            self._receive(arriving, found.position)
        return found.more

    def _receive(self, count: int, position: Position) -> None:
        """Those who joined before a look began are told from its end on."""
        for connection, arrival in self.arriving[:count]:
            connection.arrived = True
            if not arrival.done():  # the client may have hung up
                arrival.set_result(position)
        del self.arriving[:count]

    def _all(self) -> Iterator[Connection]:
        return (each for mine in tuple(self.connections.values()) for each in tuple(mine))

    def _finish_all(self) -> None:
        for connection in self._all():
            connection.finish()


async def _on(threads: Executor, call: Callable[..., Answer], *args: Any) -> Answer:
    """Run something that asks the database, on a thread."""
    return await asyncio.get_running_loop().run_in_executor(threads, _with_connection, call, *args)


def _with_connection(call: Callable[..., Answer], *args: Any) -> Answer:
    """Each call finds a connection that works, or makes a new one."""
    close_old_connections()
    try:
        return call(*args)
    finally:
        close_old_connections()
