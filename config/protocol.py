"""uvicorn's HTTP/1.1 protocol, with limits on what a client may send and on how long it may take.

`manage.py serve` and `manage.py demo` use it; with uvicorn's own command it is
`--http config.protocol:LimitedProtocol`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from config.edge import Edge, edge_of
from receipts.feed.transport import abort_transport
from receipts.metrics import count_refused

#: In the scope of a request that came in over this protocol.
MARK = "seenby.limits"
#: Headers of one request.
MAX_HEADERS = 100
HEAD_TOO_LARGE = 431, "head_too_large", "The head of the request is too large."
TOO_MANY_BODIES = 503, "overloaded", "Too many requests are being received."
#: Requests that may wait on one connection for the answer to an earlier one.
MAX_PIPELINED = 32

logger = logging.getLogger("seenby.request")


class RequestRefused(Exception):
    """Ends the parsing of a request."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    edge: Edge
    #: The request that is being answered; ``self.cycle`` is the one that came in last.
    running: RequestResponseCycle | None = None
    receiving = in_head = False  # a request has begun; its head is not complete
    between = True  # since the last data came, no request has begun yet
    unparsed = 0  # bytes since the parser last came to the end of something
    deadline: float | None = None  # by which the head or the body has to be complete
    behind: tuple[float, float, int] | None = None  # see _check_answer
    refusal: tuple[int, str, str] = (400, "bad_request", "The request is malformed.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: Body sizes in bytes of the requests that are not answered yet, in order.
        self.bodies: list[int] = []

    # --- What comes in

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.edge = edge_of(self.server_state)
        self.edge.add(self)
        self.deadline = self.loop.time() + settings.SERVER_HEAD_SECONDS

    def data_received(self, data: bytes) -> None:
        self.unparsed += len(data)
        self.between = not self.receiving
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.unparsed > settings.SERVER_MAX_HEAD_BYTES:
            self.refuse(*HEAD_TOO_LARGE)
        elif self.receiving or self.cycle is None or self.cycle.response_complete:
            if self.receiving and not self.in_head:
                self.edge.unfinished.setdefault(self)
            if self.deadline is None:
                self.deadline = self.loop.time() + self._patience()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self.between:  # what came before belongs to another request
            self.unparsed = 0
        self.between = False
        self.receiving = self.in_head = True
        self.deadline = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:  # trailers of a chunked body are ignored
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > settings.SERVER_MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._stop(*HEAD_TOO_LARGE)
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(503, "overloaded", "Too many requests wait on this connection.")
        super().on_headers_complete()
        self.scope.setdefault("extensions", {})[MARK] = {}
        self.bodies.append(0)
        self.in_head, self.unparsed, self.deadline = False, 0, None

    def handle_websocket_upgrade(self) -> None:
        """The connection is a WebSocket from now on, with limits of its own."""
        self._forget()
        self.edge.remove(self)
        super().handle_websocket_upgrade()

    def on_body(self, body: bytes) -> None:
        self.unparsed = 0
        if self.cycle.response_complete:
            return
        self.bodies[-1] += len(body)
        if not self.edge.make_room(len(body)) or self.transport.is_closing():
            self._stop(*TOO_MANY_BODIES)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.receiving, self.unparsed, self.deadline = False, 0, None
        self.edge.unfinished.pop(self, None)
        super().on_message_complete()

    # --- What goes out

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        if self.bodies:
            self.edge.held -= self.bodies.pop(0)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed, or was refused during parsing."""
        self.refuse(*self.refusal)

    def _stop(self, status: int, code: str, detail: str) -> None:
        """Called by the parser's callbacks: parse no further, and refuse."""
        self.refusal = status, code, detail
        raise RequestRefused

    def refuse(self, status: int, code: str, detail: str) -> None:
        """Close the connection; with a response, unless another one is being sent or due first."""
        if self.transport.is_closing():
            return
        extra = {"status": status, "code": code, "client": (self.client or (None,))[0]}
        logger.info("A connection was refused.", extra=extra)
        count_refused(status)
        self._forget()
        if self._may_answer():
            body = json.dumps({"detail": detail, "code": code}).encode()
            head = b"content-type: application/json\r\nconnection: close\r\n"
            head += b"retry-after: 1\r\n" if status == 503 else b""
            length = b"content-length: %d\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + head + length + body)
            self._disconnect()
            self.transport.close()
        else:
            abort_transport(self.transport)

    def refuse_body(self) -> None:
        """Make room for the bodies of others."""
        self.refuse(*TOO_MANY_BODIES)

    def _may_answer(self) -> bool:
        if self.pipeline or self.cycle is None:
            return not self.pipeline
        if self.in_head or not self.receiving:
            return self.cycle.response_complete
        return not self.cycle.response_started

    # --- In time

    def check(self, now: float) -> None:
        """Called periodically: close the connection if its client is late."""
        if self.deadline is not None and now > self.deadline and not self.transport.is_closing():
            if self._is_waiting():  # for the answer to an earlier request
                self.deadline = now + self._patience()
            elif self.receiving:
                self.refuse(408, "timeout", "The request did not arrive in time.")
            else:
                self.transport.close()
        self._check_answer(now)

    def _is_waiting(self) -> bool:
        earlier = self.in_head or not self.receiving
        unanswered = self.cycle is not None and not self.cycle.response_complete
        return self.flow.read_paused or bool(self.pipeline) or (earlier and unanswered)

    def _check_answer(self, now: float) -> None:
        """Abort a connection whose client reads nothing, or reads the response too slowly."""
        size = self.transport.get_write_buffer_size()
        if not size:
            self.behind = None
            return
        since, taken, before = self.behind or (now, now, -1)
        if size != before:
            taken = now
        self.behind = since, taken, size
        late = now - taken > settings.SERVER_STALL_SECONDS
        if late or now - since > settings.SERVER_ANSWER_SECONDS:
            logger.info("A client was too slow.", extra={"waiting": size})
            abort_transport(self.transport)

    def _patience(self) -> float:
        seconds = settings.SERVER_BODY_SECONDS if self.receiving and not self.in_head else None
        return float(seconds or settings.SERVER_HEAD_SECONDS)

    # --- The end

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._disconnect()
        self.edge.remove(self)
        super().connection_lost(exc)

    def _forget(self) -> None:
        """Stop counting the bodies of this connection."""
        self.edge.held -= sum(self.bodies)
        self.bodies.clear()
        self.edge.unfinished.pop(self, None)
        self.deadline = None

    def _disconnect(self) -> None:
        """Send a disconnect to all its requests; uvicorn sends it to the last one only."""
        for cycle in (self.running, self.cycle, *(waiting for waiting, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
