"""One open stream: what waits to go out on it, and never more than a little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from receipts.feed.encoding import heartbeat
from receipts.feed.looking import Listener
from receipts.feed.positions import Position

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: What may wait for a client that does not read, in bytes; behind that it is dropped, and catches
#: up when it comes back.
MOST_WAITING = 256 * 1024


class Connection:
    """A stream to one listener. Used in the event loop only."""

    __slots__ = (
        "catching_up", "ends_at", "heartbeat_at", "listener", "over", "send", "task", "waiting",
    )  # fmt: skip

    def __init__(self, listener: Listener, send: Send, *, lasts: float) -> None:
        self.listener, self.send = listener, send
        now = time.monotonic()
        self.ends_at = now + lasts
        self.heartbeat_at = now + settings.EVENTS_HEARTBEAT_SECONDS
        self.waiting = bytearray()
        self.task: asyncio.Task[None] | None = None
        self.catching_up, self.over = True, False

    def push(self, data: bytes) -> None:
        """Let it go out as soon as the client takes it; after what it has to catch up with."""
        if self.over:
            return
        if self.waiting and len(self.waiting) + len(data) > MOST_WAITING:
            self.drop()
            return
        self.waiting += data
        self._flush()

    def caught_up(self) -> None:
        """What came meanwhile may go out."""
        self.catching_up = False
        self._flush()

    def heartbeat(self, position: Position, now: float) -> None:
        """A sign of life; but for those who are about to hear something anyway."""
        self.heartbeat_at = now + settings.EVENTS_HEARTBEAT_SECONDS
        if not self.catching_up and not self.waiting:
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
        # uvicorn's own; closing politely would wait for the client to read what is on its way.
        transport = getattr(getattr(self.send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    def _flush(self) -> None:
        if self.task is None and not self.catching_up and (self.waiting or self.over):
            self.task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self.waiting:
                data = bytes(self.waiting)
                self.waiting.clear()
                await self.send({"type": "http.response.body", "body": data, "more_body": True})
            if self.over:
                await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            self.over = True
        finally:
            self.task = None
