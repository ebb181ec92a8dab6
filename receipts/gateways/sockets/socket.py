"""One WebSocket of a vendor's client, with small bounded buffers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from chat.models import User
from receipts.feed.asgi import AsgiSend
from receipts.feed.connection import MOST_WAITING, SEND_TIMEOUT
from receipts.feed.devices import Device
from receipts.feed.hub import Arrival, TooManyStreams, hub
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.transport import abort
from receipts.gateways.sockets.calls import TOO_MANY, CallRefused, Threads, as_user, bound, log_in
from receipts.gateways.sockets.closing import FAILED, GOING_AWAY, NORMAL
from receipts.gateways.sockets.pacing import MOST_HELD, Pacing
from receipts.gateways.sockets.places import Places
from receipts.gateways.sockets.reached import Reached
from receipts.gateways.sockets.vendor import Beginning, Frame, Push, Session, Vendor, message_of

logger = logging.getLogger("seenby.socket")
_Result = TypeVar("_Result")


class Socket:
    """A connection to one client. Used in the event loop only."""

    __slots__ = (
        "arrived", "begun", "closing", "device", "encoding", "ends_at", "heard_at", "is_new",
        "listener", "newest", "over", "pacing", "places", "position", "reached", "send_message",
        "sending_since", "session", "size", "speaks_text", "started", "task", "threads", "timer",
        "waiting", "writer",
    )  # fmt: skip

    listener: Listener
    device: Device | None
    #: Where the feed begins for this device, until ``start``.
    position: Position
    #: Where its login over HTTP began, if it has one: see ``login``.
    begun: Position | None

    def __init__(self, vendor: Vendor, send: AsgiSend, threads: Threads, places: Places) -> None:
        self.encoding, self.send_message = vendor, send
        self.threads, self.places = threads, places
        self.session: Session = vendor.session(self)
        self.device = self.begun = None
        self.heard_at = self.ends_at = time.monotonic()
        self.started = self.arrived = self.over = self.is_new = self.speaks_text = False
        self.closing: int | None = None
        self.waiting: deque[Frame] | None = None
        self.size = 0
        self.sending_since: float | None = None
        self.writer: asyncio.Task[None] | None = None
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.pacing: Pacing | None = None
        self.newest: Position | None = None
        self.reached = Reached()

    # --- For a vendor's session

    def send(self, *frames: Frame) -> None:
        """Send frames in order, as soon as the client reads; a client that does not is dropped."""
        if self.over:
            return
        size = sum(map(len, frames))
        if self.waiting and self.size + size > MOST_WAITING:
            self.drop("It does not read.")
            return
        self.waiting = self.waiting or deque()
        self.waiting += frames
        self.size += size
        self._write_soon()

    async def login(
        self, token: str, own_name: str, *, begun_as: str = "", renewed_as: str = ""
    ) -> User:
        """Authenticate the client by a user's token; ``own_name`` is its name for the device.

        ``begun_as`` and ``renewed_as``: see ``log_in``. Raises ``CallRefused``.
        """
        vendor = self.encoding
        found = await self.threads(lambda: log_in(token, vendor, own_name, begun_as, renewed_as))
        self.listener, self.device = Listener.of(found.user), found.device
        self.position, self.begun, self.is_new = found.position, found.begun, found.is_new
        self.ends_at = time.monotonic() + self.encoding.lasts(found.expires_at - time.time())
        return found.user

    def start(self, since: Beginning | None = None) -> None:
        """Push events from now on, beginning with those that the device missed.

        ``since`` finds where to begin. Raises ``CallRefused`` if there are too many connections.
        """
        if self.started or self.over:
            return
        try:
            arrival = hub().join(self)
        except TooManyStreams as error:
            raise CallRefused(TOO_MANY) from error
        self.started = True
        self.task = asyncio.create_task(self._catch_up(since, arrival))

    async def call(
        self, work: Callable[..., _Result], *args: Any, writes: bool = False, **options: Any
    ) -> _Result:
        """``work(user, *args, **options)`` on a thread of requests. Raises ``CallRefused``."""
        what = f"{self.encoding.name} {work.__name__.strip('_')}"
        listener, given = self.listener, bound(work, *args, **options)
        return await self.threads(lambda: as_user(listener, what, given, writes=writes))

    def confirm(self, position: Position | None) -> None:
        """The client has received everything up to this position, if any."""
        if self.device is not None and position is not None:
            self.places.reach(self.device, position)
            self.reached.confirmed(position)

    async def written(self) -> None:
        """Wait until everything has been sent: the client reads at its own speed."""
        while self.writer is not None:
            await asyncio.shield(self.writer)

    def close(self, code: int = NORMAL) -> None:
        """Close after what is waiting has been sent."""
        if not self.over:
            self.over, self.closing = True, code
            self._write_soon()

    # --- For the hub

    def push(self, data: list[Push], position: Position) -> None:
        """Events that the vendor has written; while the client catches up, they wait."""
        if self.over:
            return
        self.pacing = self.pacing or Pacing()
        self.pacing.add(data)
        self.newest = position
        if self.task is None:
            self._flush()
        elif len(self.pacing.held) > MOST_HELD:
            self.drop("It does not catch up.")

    def keep_alive(self, position: Position | None, now: float) -> None:
        """End the connection in time, and drop a client that is gone."""
        if self.sending_since is not None and now - self.sending_since > SEND_TIMEOUT:
            self.drop("It does not read.")
        elif now - self.heard_at > self.encoding.idle_seconds:
            self.drop("It is silent.")
        elif now >= self.ends_at:
            self.finish()
        elif self.arrived and self.task is None and not (self.pacing and self.pacing.held):
            self.reached.idle(position)

    def finish(self) -> None:
        """Close: the client reconnects and authenticates again."""
        if not self.over:
            self._safely(self.session.ending)
            self.close(GOING_AWAY)

    # --- For the door

    async def received(self, data: bytes) -> None:
        """A message has come in."""
        self.heard_at = time.monotonic()
        if not self.encoding.confirms and (position := self.reached.at(self.heard_at)):
            self.confirm(position)
        await self.session.received(data)

    def gone(self, *, cleanly: bool) -> None:
        """The connection is closed. ``cleanly``: by the client, which read what was sent."""
        self.over = True
        for each in self.task, self.writer, self.timer:
            if each is not None:
                each.cancel()
        if self.started:
            hub().leave(self)
        self.confirm(self.reached.last(with_sent=cleanly and not self.encoding.confirms))

    def drop(self, why: str) -> None:
        """Hang up on a client that is not there any more."""
        logger.info("A client was dropped.", extra={"gateway": self.encoding.name, "why": why})
        self.over, self.waiting = True, None
        abort(self.send_message)

    # --- What goes out

    async def _catch_up(self, since: Beginning | None, arrival: Arrival) -> None:
        try:
            if since is not None:
                self.position = await since()
            async for page in hub().missed(self, self.position, arrival):
                if page.written:
                    self.reached.sent(page.position, time.monotonic())
                    self.session.push(page.written, page.position)
                    await self.written()
            self.task = None
            self._flush()
        except Exception as error:
            # Whatever the error: the client reconnects and continues from its position.
            logger.warning("A client could not catch up: %r", error)
            self.close(FAILED)
        finally:
            self.task = None

    def _flush(self) -> None:
        """Push what is due, and return for the rest later."""
        if self.over or self.pacing is None:
            return
        now = time.monotonic()
        if due := self.pacing.due(now):
            position = None if self.pacing.held else self.newest
            self.reached.sent(position, now)  # first, since the session may confirm it at once
            self._safely(self.session.push, due, position)
        if (later := self.pacing.next_due()) is not None:
            if self.timer is not None:
                self.timer.cancel()
            self.timer = asyncio.get_running_loop().call_later(max(later - now, 0.0), self._flush)

    def _safely(self, call: Callable[..., None], *args: Any) -> None:
        """Call the session for the hub, which goes on with other connections whatever happens."""
        try:
            call(*args)
        except Exception:
            logger.exception("A vendor's socket failed.")
            self.close(FAILED)

    def _write_soon(self) -> None:
        if self.writer is None:
            self.writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self.waiting:
                frame = self.waiting.popleft()
                self.size -= len(frame)
                self.sending_since = time.monotonic()
                await self.send_message(message_of(frame))
                self.sending_since = None
            if self.closing is not None:
                await self.send_message({"type": "websocket.close", "code": self.closing})
        except (OSError, RuntimeError):  # the client has hung up, or the connection is closed
            self.over = True
        finally:
            self.writer = None
            self.sending_since = None
