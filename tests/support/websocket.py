"""A WebSocket client that reads what it is sent, message by message."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.support.listening import PATIENCE


class Closed(Exception):
    """The server has closed the connection; ``code`` is None if without a close frame."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class WebSocket:
    """A connection, opened at once; ``status`` is 101, or the HTTP status of a refusal."""

    def __init__(
        self, port: int, path: str, *, subprotocols: tuple[str, ...] = (), **headers: str
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.messages: list[bytes | str] = []
        self.parts: list[Any] = []
        self.body = b""
        self.status: int | None = None
        self.subprotocol: str | None = None
        self.ended: Closed | None = None
        request = Request(
            host=f"127.0.0.1:{port}",
            target=path,
            subprotocols=list(subprotocols),
            extra_headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )
        self.socket.sendall(self.connection.send(request))
        while self.status is None and self.ended is None:
            self._read()

    def send(self, *messages: bytes | str) -> None:
        """Send messages, all in one write."""
        events = [
            BytesMessage(data=each) if isinstance(each, bytes) else TextMessage(data=each)
            for each in messages
        ]
        self.socket.sendall(b"".join(map(self.connection.send, events)))

    def receive(self) -> Any:
        """The next message; raises ``Closed``."""
        while not self.messages:
            if self.ended is not None:
                raise self.ended
            self._read()
        return self.messages.pop(0)

    def closed(self) -> int | None:
        """Read to the end, and return the code with which the server has closed."""
        while self.ended is None:
            self._read()
        return self.ended.code

    def close(self) -> None:
        """Close as a client that has read everything."""
        if self.ended is None and self.status == 101:
            self.socket.sendall(self.connection.send(CloseConnection(code=1000)))
            self.closed()
        self.socket.close()

    def abort(self) -> None:
        """Hang up without a word."""
        self.socket.close()

    def _read(self) -> None:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            self.ended = Closed(None)
            return
        self.connection.receive_data(data)
        for event in self.connection.events():
            self._handle(event)

    def _handle(self, event: Any) -> None:
        if isinstance(event, AcceptConnection):
            self.status, self.subprotocol = 101, event.subprotocol
        elif isinstance(event, RejectConnection):
            self.status = event.status_code
        elif isinstance(event, RejectData):
            self.body += event.data
            if event.body_finished:
                self.ended = Closed(None)
        elif isinstance(event, BytesMessage | TextMessage):
            self.parts.append(event.data)
            if event.message_finished:
                self.messages.append(self.parts[0][:0].join(self.parts))
                self.parts = []
        elif isinstance(event, Ping):
            self.socket.sendall(self.connection.send(event.response()))
        elif isinstance(event, CloseConnection):
            self.ended = Closed(event.code)


Dial = Callable[..., WebSocket]


@pytest.fixture
def dial(port: int) -> Iterator[Dial]:
    """``dial("/mqtt")`` connects to the server of this test."""
    opened: list[WebSocket] = []

    def dial(path: str, *, port: int = port, **how: Any) -> WebSocket:
        opened.append(WebSocket(port, path, **how))
        return opened[-1]

    yield dial
    for each in opened:
        each.abort()
