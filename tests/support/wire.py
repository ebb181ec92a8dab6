"""Requests to a bridge or to a real server, byte by byte."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from http.client import parse_headers
from typing import Any

import uvicorn

from config.bridge import WSGIBridge
from config.protocol import LimitedProtocol
from receipts.feed.asgi import AsgiMessage


def bridge_to(app: Any, *, threads: int = 2, max_waiting: int = 9, **limits: Any) -> Any:
    limits = {"max_body": 1000} | limits
    return WSGIBridge(app, threads=threads, max_waiting=max_waiting, **limits)


@contextmanager
def uvicorn_with(app: Any, **options: Any) -> Iterator[int]:
    """A real server in a thread; it can be called at once, since its socket already listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    options |= {"http": LimitedProtocol, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **options))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def raw(line: str, headers: list[str], body: bytes = b"") -> bytes:
    """A request as sent on the wire."""
    headers = [*headers, "X-Request-ID: r1"]
    headers += [] if any(each.startswith("Host:") for each in headers) else ["Host: localhost"]
    headers += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{line} HTTP/1.1", *headers, "", ""]).encode("latin-1") + body


def answer_in(stream: Any, method: str = "GET") -> tuple[int, list[tuple[str, str]], bytes]:
    """The next response: status, headers except those of the server and the connection, body."""
    status, headers, body = int(stream.readline().split()[1]), parse_headers(stream), b""
    if method != "HEAD" and status not in (204, 304):
        if headers["Transfer-Encoding"]:
            while size := int(stream.readline(), 16):
                body += stream.read(size + 2)[:-2]
            stream.readline()
        else:
            length = headers["Content-Length"]
            body = stream.read(int(length) if length else -1)
    own = {"date", "server", "connection", "transfer-encoding"}
    own |= {"content-length"} if status == 304 else set()  # wsgiref sends 0
    kept = [(name.lower(), value) for name, value in headers.items() if name.lower() not in own]
    return status, sorted(kept), body


class Result:
    """What an application returns, and which thread closed it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.closed, self.closed_by = chunks, threading.Event(), 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed_by = threading.get_ident()
        self.closed.set()


def answering(result: Any, *headers: tuple[str, str]) -> Any:
    """An application that returns this response."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", list(headers))
        return result() if callable(result) else result

    return app


class Call:
    """One request to a bridge, and the response."""

    def __init__(self, *body: bytes, method: str = "GET", headers: Any = (), **other: Any) -> None:
        self.scope = {"type": "http", "method": method, "raw_path": b"/", "path": "/"}
        self.scope |= {"query_string": b"", "http_version": "1.1", "headers": headers, **other}
        self.body = list(body or [b""])
        self.sent: list[AsgiMessage] = []
        self.hangs_up = asyncio.Event()

    async def receive(self) -> AsgiMessage:
        if self.body:
            return {"type": "http.request", "body": self.body.pop(0), "more_body": bool(self.body)}
        await self.hangs_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: AsgiMessage) -> None:
        self.sent.append(message)

    def to(self, app: Any) -> Awaitable[None]:
        return app(self.scope, self.receive, self.send)

    def alone(self, app: Any) -> Call:
        """Send it, with nothing else running."""
        asyncio.run(asyncio.wait_for(self.to(app), 60))
        return self

    @property
    def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body, which must be complete."""
        start, *bodies = self.sent
        assert [each["more_body"] for each in bodies] == [True] * (len(bodies) - 1) + [False]
        return start["status"], dict(start["headers"]), b"".join(each["body"] for each in bodies)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code; the error is JSON, like all of our errors."""
        status, headers, body = self.answer
        assert (headers[b"content-type"], headers[b"content-length"]) == (
            b"application/json", b"%d" % len(body),
        )  # fmt: skip
        assert set(json.loads(body)) == {"detail", "code"}
        return status, json.loads(body)["code"]


class Busy:
    """An application whose responses wait until they are released."""

    def __init__(self) -> None:
        self.go, self.asked = threading.Event(), threading.Semaphore(0)
        self.served: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.served.append(environ["QUERY_STRING"])
        self.asked.release()
        assert self.go.wait(60)
        start_response("200 OK", [])
        return []
