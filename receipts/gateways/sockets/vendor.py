"""What a vendor's gateway implements to serve its clients' sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from chat.models import User
from receipts.feed.asgi import AsgiMessage
from receipts.feed.devices import Device
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.telling import Told
from receipts.gateways.sockets.reached import Reached

_Result = TypeVar("_Result")
#: Bytes are sent as a binary message, text as a text message.
Frame = bytes | str
#: Finds where a client begins, once it is ready for events.
Beginning = Callable[[], Awaitable[Position]]


def message_of(frame: Frame) -> AsgiMessage:
    """The ASGI message that sends a frame."""
    kind = "bytes" if isinstance(frame, bytes) else "text"
    return {"type": "websocket.send", kind: frame}


class Garbled(Exception):
    """A client sent something that is not its vendor's protocol: the connection is closed."""


@dataclass(frozen=True, slots=True)
class Push:
    """One event for a listener, in terms of a vendor's protocol."""

    data: Any
    #: What it is the current state of: a later push about the same replaces it if it has not been
    #: sent, and is held back for a moment if one has just been. None is sent at once.
    about: Hashable | None = None
    #: How many changes it covers, at least: see ``change_count``.
    changes: int = 1


def change_count(event: Told) -> int:
    """How many marks a ``receipt.updated`` stands for, at least."""
    listed: list[int] = [mark["count"] for mark in event["marks"]]
    return sum(listed) + int(event["marks_left_out"])


class SessionSocket(Protocol):
    """What a session uses of its connection: see ``receipts.gateways.sockets.socket.Socket``."""

    #: Whether the client's latest message was a text message.
    speaks_text: bool
    over: bool
    position: Position
    begun: Position | None
    is_new: bool
    reached: Reached
    #: While the client is sent what it missed.
    task: asyncio.Task[None] | None

    @property
    def device(self) -> Device | None: ...
    @property
    def ends_at(self) -> float: ...
    def send(self, *frames: Frame) -> None: ...
    def login(
        self, token: str, own_name: str, *, begun_as: str = "", renewed_as: str = ""
    ) -> Awaitable[User]: ...
    def start(self, since: Beginning | None = None) -> None: ...
    def call(
        self, work: Callable[..., _Result], *args: Any, writes: bool = False, **options: Any
    ) -> Awaitable[_Result]: ...
    def confirm(self, position: Position | None) -> None: ...
    def written(self) -> Awaitable[None]: ...
    def close(self, code: int = 1000) -> None: ...


class Session:
    """What one connection's client has said so far. Used in the event loop only."""

    __slots__ = ("socket",)

    def __init__(self, socket: SessionSocket) -> None:
        self.socket = socket

    async def received(self, data: bytes) -> None:
        """Answer one WebSocket message; the next one is read afterwards. May raise ``Garbled``."""
        raise NotImplementedError

    def push(self, pushes: list[Push], position: Position | None) -> None:
        """Send events to the client. ``position`` is the one after them and all earlier ones.

        It is None while later events about the same are still held back.
        """
        raise NotImplementedError

    def ending(self) -> None:
        """The service is about to close the connection: send a last frame, if there is one."""


class Vendor:
    """A vendor's protocol. ``encode`` makes it an encoding of the feed."""

    #: As in the setting ``GATEWAYS``.
    name: ClassVar[str]
    #: Of the WebSocket; the first that the client offers, too, is chosen.
    subprotocols: ClassVar[tuple[str, ...]] = ()
    #: Seconds without any frame after which a client is gone.
    idle_seconds: ClassVar[float] = 90
    #: Seconds before its token expires after which a connection ends if it began earlier: for
    #: clients that have a next token by then, but go on with the old one for as long as they can.
    ends_early: ClassVar[float] = 0
    #: Whether sessions call ``Socket.confirm`` when the client says that it has received events.
    #: Otherwise what was sent some seconds before another frame came in counts as received.
    confirms: ClassVar[bool] = False
    #: Whether a new device is sent more than events, by ``since`` of ``Socket.start``. It is new
    #: at each login until it has confirmed something, and begins where its first one was.
    greets: ClassVar[bool] = False

    def lasts(self, left: float) -> float:
        """The seconds that a connection lasts, from those that its token has ``left``."""
        return left - self.ends_early if left > self.ends_early else left

    def session(self, socket: SessionSocket) -> Session:
        """The session of a new connection."""
        raise NotImplementedError

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, list[Push]]:
        """The events as pushes, by user id: see ``receipts.feed.encoding.Encoding``."""
        raise NotImplementedError
