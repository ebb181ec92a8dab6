"""The connections of this process, and one poll for all of them a few times a second.

Runs in the event loop; database queries run on threads of its own. The database is the source of
truth: a failed poll is repeated from the same position, so events from during an outage
are not lost.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from random import uniform
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError

from receipts.feed.encoding import SERVER_SENT_EVENTS, Encoding
from receipts.feed.looking import Listener, look
from receipts.feed.member import Member
from receipts.feed.positions import CursorExpired, Position
from receipts.feed.reading import check_not_expired
from receipts.feed.retention import prune_events
from receipts.feed.tailing import News, news
from receipts.metrics import count_feed_failure
from receipts.sql.lasting import release_connection

logger = logging.getLogger("seenby.feed")
Outcome = TypeVar("Outcome")
Arrival = asyncio.Future[Position]

#: Seconds between a failed poll and the next.
RETRY_PAUSE = 1.0
#: Approximate seconds between two runs of pruning.
PRUNING_SECONDS = 3_600
#: Threads for listeners that catch up, after a restart all at once. Polls have their own thread.
CATCH_UP_THREADS = 2
#: Events per page when catching up: at most this many are sent twice to a listener that loses the
#: stream in between.
CATCH_UP = 100


class TooManyStreams(Exception):
    """This process or this listener has reached its limit of streams, or the process is ending."""


@dataclass(frozen=True)
class Missed:
    """A page of the events that a listener catches up with."""

    #: As the connection's encoding has written them; None if nothing is for this listener.
    written: Any
    position: Position
    #: Whether the listener's account was closed.
    closed: bool


class Hub:
    """The connections of one server process."""

    def __init__(self) -> None:
        self.connections: dict[int, set[Member]] = {}
        self.count = 0
        self.arriving: list[tuple[Member, Arrival]] = []
        self.position: Position | None = None
        self.looking = ThreadPoolExecutor(1, "feed")
        self.catching_up = ThreadPoolExecutor(CATCH_UP_THREADS, "feed-catching-up")
        self.life: asyncio.Task[None] | None = None
        self.failing = self.closed = False
        #: When everything that was there had been published, by ``time.monotonic()``.
        self.caught_up_at = 0.0

    @property
    def lag(self) -> float:
        """For how many seconds there may be events that are not published; 0 without listeners."""
        is_polling = self.life is not None and not self.life.done()
        return time.monotonic() - self.caught_up_at if is_polling else 0.0

    def join(self, connection: Member) -> Arrival:
        """Register a connection; the result is the position from which it receives live events.

        It catches up with earlier events by itself. The position is the end of a poll, so no
        event is published twice or skipped. Raises ``TooManyStreams``.
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
            self.caught_up_at = time.monotonic()
            self.life = asyncio.create_task(self._live())
        return arrival

    def leave(self, connection: Member) -> None:
        """Stop publishing to it."""
        mine = self.connections.get(connection.listener.pk, set())
        if connection in mine:
            mine.remove(connection)
            self.count -= 1
            if not mine:
                del self.connections[connection.listener.pk]

    def close(self) -> None:
        """End all streams with the process; their clients continue elsewhere."""
        self.closed = True
        self._finish_all()
        self.catching_up.shutdown(wait=False, cancel_futures=True)

    async def missed(
        self, connection: Member, position: Position, arrival: Arrival
    ) -> AsyncIterator[Missed]:
        """The events after ``position``, in pages, up to where it receives live ones.

        The connection ends if its listener's account was closed.
        """
        until = (await arrival).seen
        while position.seen != until and not connection.over:
            if not position.until:  # else a page was cut short, and what belongs to it comes first
                position = position.towards(until)
            page = await self.in_background(
                _missed, connection.listener, connection.encoding, position
            )
            position = page.position
            if page.closed:
                connection.finish()
                return
            yield page

    async def in_background(self, call: Callable[..., Outcome], *args: Any) -> Outcome:
        """Run a function that queries the database, beside polls and requests."""
        return await _on(self.catching_up, call, *args)

    async def prune_now_and_then(self) -> None:
        """Delete old events each hour, for as long as the process lives."""
        while True:
            await asyncio.sleep(uniform(0.1, 1.0) * PRUNING_SECONDS)  # noqa: S311
            try:
                await self.in_background(prune_events)
            except Exception:
                logger.exception("Old events could not be deleted; that is tried again.")

    async def _live(self) -> None:
        """Poll while anybody is connected, and send heartbeats."""
        while self.count:
            started, pause = time.monotonic(), settings.EVENTS_POLL_MS / 1000
            try:
                pause = 0.0 if await self._look() else pause
                self.failing = False
            except CursorExpired:
                logger.warning("The database is an older copy: all listeners have to reload.")
                self._finish_all()
                self.position, self.failing = None, False
            except Exception as error:
                # Whatever the error, the events are still in the database afterwards.
                known = self.failing or isinstance(error, OperationalError | InterfaceError)
                logger.error("The feed could not be polled: %r", error, exc_info=not known)
                count_feed_failure()
                pause, self.failing = RETRY_PAUSE, True
            now = time.monotonic()
            for connection in self._all():
                connection.keep_alive(self.position, now)
            await asyncio.sleep(max(pause - (now - started), 0.01))
        self.position = None

    async def _look(self) -> bool:
        """Publish new events to everybody; return whether there are more already."""
        if self.failing and self.position is not None:
            await _on(self.looking, check_not_expired, self.position)
        arriving, began = len(self.arriving), time.monotonic()
        listeners, audiences = dict[int, Listener](), dict[Encoding, set[int]]()
        for connection in self._all():
            listeners[connection.listener.pk] = connection.listener
            audiences.setdefault(connection.encoding, set()).add(connection.listener.pk)
        found: News = await _on(self.looking, news, self.position, listeners, audiences)
        self.position = found.position
        self._publish(found)
        if not found.more:
            self.caught_up_at = began
            self._receive(arriving, found.position)
        return found.more

    def _publish(self, found: News) -> None:
        for encoding, written in found.written.items():
            for pk, data in written.items():
                for connection in tuple(self.connections.get(pk, ())):
                    if connection.arrived and connection.encoding is encoding:
                        connection.push(data, found.position)
        if found.closed or found.failed:
            for connection in self._all():
                if connection.listener.pk in found.closed or connection.encoding in found.failed:
                    connection.finish()

    def _receive(self, count: int, position: Position) -> None:
        """Listeners that joined before a poll began receive events from its end on."""
        for connection, arrival in self.arriving[:count]:
            connection.arrived = True
            if not arrival.done():  # the client may have hung up
                arrival.set_result(position)
        del self.arriving[:count]

    def count_by_kind(self) -> tuple[int, int]:
        """How many streams are open, and how many vendors' sockets that have logged in."""
        streams = sum(member.encoding is SERVER_SENT_EVENTS for member in self._all())
        return streams, self.count - streams

    def _all(self) -> Iterator[Member]:
        return (each for mine in tuple(self.connections.values()) for each in tuple(mine))

    def _finish_all(self) -> None:
        for connection in self._all():
            connection.finish()


@cache
def hub() -> Hub:
    """The one of this process."""
    return Hub()


def _missed(listener: Listener, encoding: Encoding, position: Position) -> Missed:
    found = look(listener, position, CATCH_UP)
    told = {listener.pk: found.told} if found.told else {}
    written = encoding.encode(told, {listener.pk: listener}, found.position) if told else {}
    return Missed(written.get(listener.pk), found.position, found.closed)


async def _on(threads: Executor, call: Callable[..., Outcome], *args: Any) -> Outcome:
    """Run a function that queries the database, on a thread."""
    return await asyncio.get_running_loop().run_in_executor(threads, _with_connection, call, *args)


def _with_connection(call: Callable[..., Outcome], *args: Any) -> Outcome:
    """Give each call a working connection, or a new one."""
    release_connection()
    try:
        return call(*args)
    finally:
        release_connection()
