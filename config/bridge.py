"""Runs a WSGI application under ASGI: short requests on greenlets, others on threads.

A thread never waits for a client. The body of a request is read before a thread is used, and the
event loop sends the response. A streamed response is produced piece by piece: each piece occupies
a thread only while it is produced, and the next one when the client has taken the last one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from config.environ import Environ, environ_of
from config.greenlets import WorkGreenlets
from config.messages import Answer, body_message, refusal
from config.streams import Application, Stream, started
from config.threads import Job, WorkThreads
from receipts.api.outages import Overloaded
from receipts.feed.asgi import AsgiMessage, AsgiReceive, AsgiSend
from receipts.feed.transport import abort

Result = TypeVar("Result")
#: A request that waits longer than this for a thread notices a hang-up. Less is not worth a task.
UNWATCHED_SECONDS = 0.05

logger = logging.getLogger("seenby.request")


class WSGIBridge:
    """Serves ``application``; refuses bodies over ``max_body`` bytes, and requests over capacity.

    Database connections belong to threads, and different threads may produce the pieces of a
    stream. So ``release`` is called on a thread before each request, ``put_back`` after it, and
    ``release`` around each piece, between which no cursor and no transaction may stay open.

    Requests that ``is_short`` selects run on as many ``greenlets`` of the event loop's thread; with
    none, all run on threads.

    A client that does not take a piece within ``patience`` seconds, or whose waits add up to more
    than ``longest`` seconds over the whole response, is disconnected.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        max_waiting: int,
        max_body: int,
        patience: float = 30,
        longest: float = 300,
        release: Callable[[], None] = lambda: None,
        put_back: Callable[[], None] = lambda: None,
        greenlets: int = 0,
        is_short: Callable[[Environ], bool] = lambda environ: False,
    ) -> None:
        self.application, self.max_body = application, max_body
        self.release, self.put_back = release, put_back
        self.patience, self.longest = patience, longest
        self.pool, self.threads = WorkThreads(threads, "request"), threads
        self.greenlets = WorkGreenlets(greenlets, self.pool) if greenlets else None
        self.is_short = is_short
        self.inside, self.room = 0, threads + max_waiting  # only the event loop counts

    async def __call__(self, scope: AsgiMessage, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one request."""
        for message in await self.answer(scope, receive, send) or ():
            await send(message)

    async def answer(
        self, scope: AsgiMessage, receive: AsgiReceive, send: AsgiSend, **environment: Any
    ) -> Answer | None:
        """The response to send; None if it was streamed, or the client has hung up."""
        environ = environ_of(scope) | environment
        answer = await self._read(environ, receive)
        if "wsgi.input" in environ:
            answer = await self._serve(_Request(self, environ, receive), send)
        return answer

    async def call(self, work: Callable[[], Result]) -> Result:
        """Run a function that may use the database on one of the threads; raises ``Overloaded``.

        For connections that are not requests, which share the threads' number and queue.
        """
        if self.inside >= self.room:
            raise Overloaded
        self.inside += 1
        try:
            return await self.pool.submit(lambda: self._released(work)).future
        finally:
            self.inside -= 1

    def _released(self, work: Callable[[], Result]) -> Result:
        self.release()
        try:
            return work()
        finally:
            self.release()

    async def _read(self, environ: Environ, receive: AsgiReceive) -> Answer | None:
        """Put the body into ``environ``, or refuse it; neither, if the client hangs up."""
        length, body, more = environ.pop("CONTENT_LENGTH", ""), bytearray(), True
        # Python converts at most 4,300 digits, and zeros in front count.
        size = int(length) if length.isdecimal() and len(length) < 20 else 0
        if length and not (length.isdecimal() and len(length) < 20):
            close = [(b"connection", b"close")]  # where the body ends is not known
            return refusal(environ, 400, "bad_request", "Content-Length is not a number.", *close)
        while more and size <= self.max_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            size, more = max(size, len(body)), message.get("more_body", False)
        if size > self.max_body:
            # A client whose ``Expect`` is refused may continue with another request or with that
            # body; the server cannot know which.
            close = [(b"connection", b"close")] if "HTTP_EXPECT" in environ and not body else []
            detail = f"The request is larger than {self.max_body} bytes."
            return refusal(environ, 413, "request_too_large", detail, *close)
        if length or body:  # a chunked one has no length, without which Django would read nothing
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
        return None

    async def _serve(self, request: _Request, send: AsgiSend) -> Answer | None:
        """The application's response; None if it was streamed, or the client has hung up."""
        if self.inside >= self.room:
            later = (b"retry-after", b"%d" % Overloaded.wait)
            error = Overloaded.status_code, Overloaded.default_code, Overloaded.default_detail
            return refusal(request.environ, *error, later)
        try:
            # In the thread's own context, as under any WSGI server: with a new one per request
            # Django would rebuild its cache. Code that sets a context variable must reset it.
            pool: WorkThreads | WorkGreenlets = self.pool
            if self.greenlets is not None and self.is_short(request.environ):
                pool = self.greenlets
            answer = await self._do(request, request.run, pool)
            if not isinstance(answer, Stream):
                return answer
            await self._stream(request, answer, send)
            return None
        finally:
            if request.watcher:
                request.watcher.cancel()

    async def _do(
        self, request: _Request, work: Callable[[], Result], pool: WorkThreads | WorkGreenlets
    ) -> Result | None:
        """Do a part of a request; None if the client hangs up while it waits for its turn."""
        self.inside += 1
        job = request.job = pool.submit(work)
        job.drop = self._drop
        soon = None
        try:
            if self.inside > self.threads and request.watcher is None:
                soon = job.loop.call_later(UNWATCHED_SECONDS, request.watch)
            result: Result = await job.future
            return result
        except asyncio.CancelledError:
            if not request.gone:
                raise  # the server stops
            return None
        finally:
            self.inside -= 1
            if soon is not None:
                soon.cancel()

    async def _stream(self, request: _Request, stream: Stream, send: AsgiSend) -> None:
        """Send piece by piece; between pieces, no thread and no place in the queue is occupied."""
        request.watch()
        left, messages = self.longest, [stream.start, body_message(stream.first, more=True)]
        try:
            while not request.gone:
                began = time.monotonic()
                async with asyncio.timeout(min(self.patience, left)):
                    for message in messages:
                        await send(message)
                left -= time.monotonic() - began
                if not messages[-1]["more_body"] or request.gone:
                    return
                piece = await self._do(request, stream.piece, self.pool)
                if piece is None:  # it failed, and what was sent stays unfinished
                    return
                messages = [body_message(piece, more=bool(piece))]
        except TimeoutError:
            logger.info("A client was too slow.", extra={"path": request.environ["PATH_INFO"]})
            abort(send)
            await asyncio.wait([request.watch()], timeout=1)  # until uvicorn knows
        except OSError:  # the client has hung up
            pass
        finally:
            if not stream.ended:
                self._close(stream)

    def _drop(self, result: Any) -> None:
        """Close a stream that nobody will read."""
        if isinstance(result, Stream):
            self._close(result)

    def _close(self, stream: Stream) -> None:
        """Close on a thread, since the application may return a database connection."""
        self.pool.do(stream.close)


class _Request:
    """One request while it is served."""

    job: Job[Any]
    watcher: asyncio.Task[None] | None = None
    gone = False  # the client has hung up

    def __init__(self, bridge: WSGIBridge, environ: Environ, receive: AsgiReceive) -> None:
        self.bridge, self.environ, self.receive = bridge, environ, receive

    def watch(self) -> asyncio.Task[None]:
        """Start a task that notices a hang-up; only for requests that wait: tasks cost time."""
        self.watcher = self.watcher or asyncio.create_task(self._watch())
        return self.watcher

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self.job.cancel()  # if it still waits for a thread

    def run(self) -> Answer | Stream:
        """Run the application; return its response or a started stream."""
        bridge = self.bridge
        try:
            bridge.release()
            start, body, stream = started(bridge.application, self.environ, bridge.release)
        except BaseException:  # also a sys.exit(), which in the event loop would end the server
            logger.exception("%s %s", self.environ["REQUEST_METHOD"], self.environ["PATH_INFO"])
            detail = "Something went wrong here; it is in the log."
            return refusal(self.environ, 500, "error", detail)
        finally:
            bridge.put_back()
        return stream or (start, body_message(body))
