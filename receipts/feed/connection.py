"""One open stream: what waits to go out on it, and never more than a little."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from receipts.feed.encoding import heartbeat
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.transport import abort

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
logger = logging.getLogger("seenby.feed")

#: What may wait for a client that does not read, in bytes; behind that it is dropped, and catches
#: up when it comes back.
MOST_WAITING = 256 * 1024
#: Seconds in which a client has to take something of what is sent to it.
PATIENCE = 30.0


class Connection:
    """A stream to one listener. Used in the event loop only."""

    __slots__ = (
        "arrived", "ends_at", "heartbeat_at", "listener", "over", "send", "sending_since", "task",
        "waiting",
    )  # fmt: skip

    def __init__(self, listener: Listener, send: Send, *, lasts: float) -> None:
        self.listener, self.send = listener, send
        now = time.monotonic()
        self.ends_at = now + lasts
        self.heartbeat_at = now + settings.EVENTS_HEARTBEAT_SECONDS
        self.sending_since: float | None = None
        self.waiting = bytearray()
        self.task: asyncio.Task[None] | None = None
        self.arrived = self.over = False

    def begin(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        """First what happened while the listener was away; what is told meanwhile waits for it."""
        self.task = asyncio.create_task(self._catch_up(catch_up))

    async def write(self, data: bytes) -> None:
        """Send something, as soon as the client has taken what came before."""
        self.sending_since = time.monotonic()
        await self.send({"type": "http.response.body", "body": data, "more_body": True})
        self.sending_since = None

    def push(self, data: bytes) -> None:
        """Let it go out as soon as the client takes it; after what it has to catch up with."""
        if self.over:
            return
        if self.waiting and len(self.waiting) + len(data) > MOST_WAITING:
            self.drop()
            return
        self.waiting += data
        self._flush()

    def keep_alive(self, position: Position | None, now: float) -> None:
        """A sign of life now and then, an end in time, and none to wait for who does not read."""
        if self.sending_since is not None and now - self.sending_since > PATIENCE:
            self.drop()
        elif now >= self.ends_at:
            self.finish()
        elif now >= self.heartbeat_at and position is not None:
            self.heartbeat_at = now + settings.EVENTS_HEARTBEAT_SECONDS
            if self.task is None:  # else they are about to hear something anyway
                self.push(heartbeat(position.cursor(self.listener.username)))

    def finish(self) -> None:
        """End the stream: the client comes back, and shows again who it is."""
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
            # Whatever it was: the client comes back, and goes on from where it was.
            logger.warning("A stream ends, since its client could not catch up: %r", error)
            self.over = True
        if self.over:  # what waits would tell the client that it has heard all before it
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
