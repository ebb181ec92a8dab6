"""From ASGI to WSGI: what uvicorn receives, Django answers on a fixed number of threads."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
#: Head and body. Sent one right after the other, they leave in one packet.
Answer = tuple[Message, Message]

PATIENCE = 60.0  # seconds in which a stream's client has to take a piece: it holds a thread
BLOCK = 64 * 1024  # bytes of a file that are sent at a time
logger = logging.getLogger("seenby.request")


class WSGIBridge:
    """Serves ``application``; refuses bodies over ``max_body`` bytes, and crowds at its door."""

    def __init__(
        self, application: Application, *, threads: int, max_waiting: int, max_body: int
    ) -> None:
        self.application, self.max_body = application, max_body
        self.pool, self.threads = ThreadPoolExecutor(threads, "request"), threads
        self.inside, self.room = 0, threads + max_waiting  # only the event loop counts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        for message in await self.answer(scope, receive, send) or ():
            await send(message)

    async def answer(
        self, scope: Message, receive: Receive, send: Send, **environment: Any
    ) -> Answer | None:
        """What is to be sent; None if that has been streamed, or nobody waits for it."""
        environ = environ_of(scope) | environment
        answer = await self._read(environ, receive)
        if "wsgi.input" in environ:
            answer = await self._run(_Request(self.application, environ, receive, send))
        return answer

    async def _read(self, environ: Environ, receive: Receive) -> Answer | None:
        """Put the body into ``environ``, or refuse it; neither, if the client hangs up."""
        length, body, more = environ.get("CONTENT_LENGTH", ""), bytearray(), True
        size = int(length) if length.isdecimal() else 0
        while more and size <= self.max_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            size, more = max(size, len(body)), message.get("more_body", False)
        if size > self.max_body:
            # Who asked whether to send a body, and is told no, may go on with another request or
            # with that body: one cannot know.
            close = [(b"connection", b"close")] if "HTTP_EXPECT" in environ and not body else []
            detail = f"The request is larger than {self.max_body} bytes."
            return _refusal(environ, 413, "request_too_large", detail, *close)
        if body:  # a chunked one did not say its length, without which Django would read nothing
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
        return None

    async def _run(self, request: _Request) -> Answer | None:
        """What a thread answers; None if that has been streamed, or nobody waits for it."""
        if self.inside >= self.room:
            detail, later = "Too many requests are waiting.", (b"retry-after", b"1")
            return _refusal(request.environ, 503, "overloaded", detail, later)
        self.inside += 1
        try:
            # In the thread's own context, as under any WSGI server: with a new one for each request
            # Django makes its cache anew. Who sets a variable resets it, as config/logs.py does.
            request.job = self.pool.submit(request.run)
            if self.inside > self.threads:
                request.watch()
            return await asyncio.wrap_future(request.job)
        except asyncio.CancelledError:
            if not request.gone:
                request.gone = True  # the server stops, and so shall a stream
                raise
            return None
        finally:
            self.inside -= 1
            if request.watcher:
                request.watcher.cancel()


class _Request:
    """Runs on one thread from start to ``close()``: database connections belong to threads."""

    job: Future[Answer | None]
    watcher: asyncio.Task[None] | None = None
    started = gone = False  # the answer is on its way; the client has hung up

    def __init__(self, app: Application, environ: Environ, receive: Receive, send: Send) -> None:
        self.application, self.environ, self.receive, self.send = app, environ, receive, send
        self.loop = asyncio.get_running_loop()

    def watch(self) -> None:
        """Notice when the client hangs up; a task, which is not worth it where all goes fast."""
        self.watcher = self.watcher or self.loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self.job.cancel()  # if it still waits for a thread

    def run(self) -> Answer | None:
        """What the application answers; a stream goes out from here."""
        try:
            return self._serve()
        except BaseException:  # also a sys.exit(), which in the event loop would end the server
            logger.exception("%s %s", self.environ["REQUEST_METHOD"], self.environ["PATH_INFO"])
            error = 500, "error", "Something went wrong here; it is in the log."
            return None if self.started else _refusal(self.environ, *error)

    def _serve(self) -> Answer | None:
        start: Message = {"type": "http.response.start"}

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            pairs = [(name.lower().encode("latin-1"), s.encode("latin-1")) for name, s in headers]
            start.update(status=int(status[:3]), headers=pairs)

        result = self.application(self.environ, start_response)
        try:
            chunks = filter(None, result)
            body = next(chunks, b"") if self.environ["REQUEST_METHOD"] != "HEAD" else b""
            length = dict(start["headers"]).get(b"content-length")
            if not body or length == b"%d" % len(body):
                return start, _body(body)
            self._pass_on(start, _body(body, more=True))
            while body and not self.gone:
                body = next(chunks, b"")
                self._pass_on(_body(body, more=bool(body)))
            return None
        finally:
            if hasattr(result, "close"):
                result.close()

    def _pass_on(self, *messages: Message) -> None:
        """Send a piece of a stream, and wait until it is on its way."""
        self.started = True
        sent = asyncio.run_coroutine_threadsafe(self._send(messages), self.loop)
        try:
            sent.result(PATIENCE)
        except (OSError, CancelledError):  # hung up, too slow, or the server stops
            sent.cancel()
            self.gone = True

    async def _send(self, messages: Iterable[Message]) -> None:
        self.watch()
        for message in messages:
            await self.send(message)


def environ_of(scope: Message) -> Environ:
    """What PEP 3333 asks for; strings there are bytes, each as a character (Latin-1)."""
    raw, root = scope.get("raw_path"), scope.get("root_path", "").encode().decode("latin-1")
    path = unquote_to_bytes(raw) if raw else scope["path"].encode()
    host, port = scope.get("server") or ("localhost", None)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": path.decode("latin-1").removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": lambda file, _: FileWrapper(file, BLOCK),
    }
    for header, value in scope["headers"]:
        if name := _variable(header):
            text = value.decode("latin-1")
            if name in environ:
                text = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + text
            environ[name] = text
    return environ


@lru_cache(maxsize=256)
def _variable(header: bytes) -> str | None:
    """A header's name in the environ; none if there it would pose as one with a hyphen."""
    if b"_" in header or header == b"transfer-encoding":  # nor does the body come in chunks there
        return None
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _refusal(environ: Environ, status: int, code: str, detail: str, *more: Any) -> Answer:
    """An answer that is not Django's; like those of Django it has its line in the log."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    logger.warning("%s %s", method, path, extra={"status": status})
    body = json.dumps({"detail": detail, "code": code}).encode()
    described = (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))
    start = {"type": "http.response.start", "status": status, "headers": [*described, *more]}
    return start, _body(body)


def _body(body: bytes, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
