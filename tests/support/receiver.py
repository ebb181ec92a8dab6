"""A backend that receives webhooks: a real HTTP server, which answers as a test requires."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Received:
    """One request, as received."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.body["events"]

    @property
    def texts(self) -> list[str]:
        """The texts of the messages that it reports."""
        return [event["message"]["body"] for event in self.events if "message" in event]

    def is_from(self, secret: str) -> bool:
        """Whether one of the signatures in ``Seenby-Signature`` was made with this secret."""
        fields = [part.split("=", 1) for part in self.headers["Seenby-Signature"].split(",")]
        signed = dict(fields)["t"].encode() + b"." + self.raw
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return ["v1", expected] in fields


#: A status to answer with, or what to do with the request instead.
Answer = int | Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """``with Receiver() as backend``: listens on ``backend.url``, and keeps what it received.

    ``answers`` are used first, one after the other; then 204.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[Received] = []
        self.answers: deque[Answer] = deque()
        self.over = Event()
        #: The connections that are open, and how many there have been.
        self.open: set[socket.socket] = set()
        self.connections = 0
        self.server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self.server.socket = tls.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self.server.server_port
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Receiver:
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.hang_up()
        self.server.server_close()

    def hang_up(self) -> None:
        """Close all connections, also those that are kept open for the next request."""
        for each in list(self.open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    @property
    def texts(self) -> list[str]:
        """The texts of all messages received, in order."""
        return [text for each in self.got for text in each.texts]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver.open.add(self.connection)
                receiver.connections += 1

            def finish(self) -> None:
                receiver.open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(Received(self.path, dict(self.headers), raw))
                answer = receiver.answers.popleft() if receiver.answers else 204
                if callable(answer):
                    self.close_connection = True
                    with suppress(OSError):
                        answer(self)
                    return
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Logs nothing."""

        return Handler

    # Responses that are invalid or incomplete.

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Send nothing until the test is over."""
        self.over.wait(60)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A header that never ends, a little at a time."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        while not self.over.wait(0.01):
            handler.wfile.write(b"x")

    def promise(self, handler: BaseHTTPRequestHandler) -> None:
        """Announce a response, again and again."""
        while not self.over.wait(0.01):
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def talk(self, handler: BaseHTTPRequestHandler) -> None:
        """Accept it, with a response body too long to read."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.over.is_set():
            handler.wfile.write(b"x" * 65_536)

    def reset(self, handler: BaseHTTPRequestHandler) -> None:
        """Reset the connection."""
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    def redirect(self, handler: BaseHTTPRequestHandler) -> None:
        """Redirect it."""
        handler.send_response(307)
        handler.send_header("Location", self.url.replace("/hook", "/elsewhere"))
        handler.send_header("Content-Length", "0")
        handler.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that disconnects is the subject of some tests."""
