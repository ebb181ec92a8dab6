"""One open stream, with a small bounded send buffer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from django.conf import settings

from receipts.feed.asgi import AsgiSend
from receipts.feed.encoding import SERVER_SENT_EVENTS, Encoding, heartbeat
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.transport import abort

logger = logging.getLogger("seenby.feed")

#: Bytes that may be buffered for a client that does not read; above that it is disconnected, and
#: catches up when it reconnects.
MOST_WAITING = 256 * 1024
#: Seconds within which a client must read some of what is sent to it.
SEND_TIMEOUT = 30.0


class Connection:
    """A stream to one listener. Used in the event loop only."""

    encoding: Encoding = SERVER_SENT_EVENTS
    __slots__ = (
        "arrived", "ends_at", "heartbeat_at", "listener", "over", "send", "sending_since", "task",
        "waiting",
    )  # fmt: skip

    def __init__(self, listener: Listener, send: AsgiSend, *, lasts: float) -> None:
        self.listener, self.send = listener, send
        now = time.monotonic()
        self.ends_at = now + lasts
        self.heartbeat_at = now + settings.EVENTS_HEARTBEAT_SECONDS
        self.sending_since: float | None = None
        self.waiting = bytearray()
        self.task: asyncio.Task[None] | None = None
        self.arrived = self.over = False

    def begin(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        """Send what the listener missed first; events published meanwhile are buffered."""
        self.task = asyncio.create_task(self._catch_up(catch_up))

    async def write(self, data: bytes) -> None:
        """Send data as soon as the client has read what was sent before."""
        self.sending_since = time.monotonic()
        await self.send({"type": "http.response.body", "body": data, "more_body": True})
        self.sending_since = None

    def push(self, data: bytes, position: Position) -> None:
        """Buffer data and send it when the client reads, after it has caught up."""
        if self.over:
            return
        if self.waiting and len(self.waiting) + len(data) > MOST_WAITING:
            self.drop()
            return
        self.waiting += data
        self._flush()

    def keep_alive(self, position: Position | None, now: float) -> None:
        """Send a heartbeat when due, end the stream in time, drop a client that does not read."""
        if self.sending_since is not None and now - self.sending_since > SEND_TIMEOUT:
            self.drop()
        elif now >= self.ends_at:
            self.finish()
        elif now >= self.heartbeat_at and position is not None:
            self.heartbeat_at = now + settings.EVENTS_HEARTBEAT_SECONDS
            if self.task is None:  # else data is being sent anyway
                self.push(heartbeat(position.cursor(self.listener.username)), position)

    def finish(self) -> None:
        """End the stream: the client reconnects and authenticates again."""
        if not self.over:
            self.over = True
            self._flush()

    def drop(self) -> None:
        """Hang up on a client that does not read."""
        self.over = True
        self.waiting.clear()
        abort(self.send)

    def gone(self) -> None:
        """The client has hung up."""
        self.over = True
        if self.task is not None:
            self.task.cancel()

    def _flush(self) -> None:
        if self.task is None:
            self.task = asyncio.create_task(self._write())

    async def _catch_up(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        try:
            await catch_up()
        except asyncio.CancelledError:  # the client has hung up, or the process ends
            self.over = True
        except Exception as error:
            # Whatever the error: the client reconnects and continues from its cursor.
            logger.warning("A stream ends, since its client could not catch up: %r", error)
            self.over = True
        if self.over:  # the buffered cursor would claim that the client has caught up
            self.waiting.clear()
        await self._write()

    async def _write(self) -> None:
        try:
            while self.waiting:
                data = bytes(self.waiting)
                self.waiting.clear()
                await self.write(data)
            if self.over:
                await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            self.over = True
        finally:
            self.task = None
