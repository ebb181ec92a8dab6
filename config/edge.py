"""All connections of one server: closes late ones, and limits the memory of their bodies."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol
from weakref import WeakKeyDictionary

from django.conf import settings
from uvicorn.server import ServerState

logger = logging.getLogger("uvicorn.error")

#: Seconds between two checks of all connections.
INTERVAL = 1.0
#: Connections that are checked before the event loop gets a turn.
SLICE = 500


class LimitedConnection(Protocol):
    """What an edge needs of a connection (``config.protocol.LimitedProtocol``)."""

    def check(self, now: float) -> None:
        """Close the connection if its client is late."""

    def refuse_body(self) -> None:
        """Refuse the request whose body is incomplete, to make room for others."""


class Edge:
    """Used in the event loop of its server only."""

    def __init__(self) -> None:
        self.connections: set[LimitedConnection] = set()
        #: Connections whose request is incomplete, oldest first.
        self.unfinished: dict[LimitedConnection, None] = {}
        self.held = 0
        self.checking: asyncio.Task[None] | None = None

    def add(self, connection: LimitedConnection) -> None:
        """A connection has been opened."""
        self.connections.add(connection)
        if self.checking is None or self.checking.done():
            self.checking = asyncio.get_running_loop().create_task(self._check())

    def remove(self, connection: LimitedConnection) -> None:
        """A connection has been closed."""
        self.connections.discard(connection)
        self.unfinished.pop(connection, None)

    def make_room(self, size: int) -> bool:
        """Count bytes of a body. Over the limit, the oldest incomplete body is refused.

        A client that sends its body without delay is never the oldest for long.
        """
        self.held += size
        while self.held > settings.SERVER_MAX_BODIES_BYTES and self.unfinished:
            oldest = next(iter(self.unfinished))
            oldest.refuse_body()
        return self.held <= settings.SERVER_MAX_BODIES_BYTES

    async def _check(self) -> None:
        """Close late connections, for as long as there are any."""
        loop = asyncio.get_running_loop()
        while self.connections:
            await asyncio.sleep(INTERVAL)
            for number, connection in enumerate(tuple(self.connections)):
                if number % SLICE == SLICE - 1:
                    await asyncio.sleep(0)
                try:
                    connection.check(loop.time())
                except Exception:
                    logger.exception("A connection could not be checked.")


def open_connections() -> tuple[int, int]:
    """How many connections are open in this process, and the bytes of bodies that they hold."""
    edges = list(_edges.values())
    return sum(len(edge.connections) for edge in edges), sum(edge.held for edge in edges)


_edges: WeakKeyDictionary[ServerState, Edge] = WeakKeyDictionary()


def edge_of(server: ServerState) -> Edge:
    """The edge of a server."""
    if server not in _edges:
        _edges[server] = Edge()
    return _edges[server]
