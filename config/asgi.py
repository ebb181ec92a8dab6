"""The service as one ASGI application: what uvicorn runs.

The live stream and vendors' WebSockets are native ASGI, since an open connection must not occupy a
thread. All other requests go through Django's WSGI handler on a fixed number of threads, since
Django's own ASGI handler starts a thread for each request and costs four times as much
(docs/decisions/0005).
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from types import FrameType
from typing import Any

from receipts.feed.asgi import AsgiMessage, AsgiReceive, AsgiSend

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config import connections, memory
from config.bridge import WSGIBridge

_django = get_wsgi_application()
connections.settle_connections()

from chat.provider_keys import provider_keys
from config import health  # only now can models be imported
from config.browsers import is_short, with_handler_of_tokens
from config.metrics import Metrics, is_scrape
from config.sampling import Sampler
from config.serving import warn_without_limits
from receipts.feed import stream
from receipts.feed.connection import Connection
from receipts.feed.hub import hub
from receipts.gateways.sockets.door import Door
from receipts.sql.lasting import close_if_due, release_connection

_requests = WSGIBridge(
    with_handler_of_tokens(_django),
    threads=settings.SERVER_THREADS,
    max_waiting=settings.SERVER_MAX_WAITING,
    max_body=settings.MAX_REQUEST_BYTES,
    patience=settings.SERVER_STALL_SECONDS,
    longest=settings.SERVER_ANSWER_SECONDS,
    release=release_connection,
    put_back=close_if_due,
    greenlets=settings.SERVER_GREENLETS if connections.may_use_greenlets() else 0,
    is_short=is_short,
)
_sockets = Door(_requests.call)
_sampler = Sampler(_requests)
_metrics = Metrics(_sampler)


async def application(scope: AsgiMessage, receive: AsgiReceive, send: AsgiSend) -> None:
    """Serve one request, or the lifespan protocol of the process."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await _sockets.serve(scope, receive, send)
    elif scope["type"] == "http":
        warn_without_limits(scope)
        if health.is_asked(scope):
            await health.answer(scope, send)
        elif is_scrape(scope):
            await _metrics.answer(scope, send)
        elif stream.asks_for_stream(scope):
            await _stream(scope, receive, send)
        else:
            await _requests(scope, receive, send)


async def _stream(scope: AsgiMessage, receive: AsgiReceive, send: AsgiSend) -> None:
    connection = await _opened(scope, receive, send)
    if connection is not None:
        await stream.stay(connection, receive)


async def _opened(scope: AsgiMessage, receive: AsgiReceive, send: AsgiSend) -> Connection | None:
    """Open a stream if Django grants it; otherwise send Django's response and return None."""
    answer = await _requests.answer(scope, receive, send, **{stream.GRANTABLE: True})
    if answer is None:
        return None
    headers = dict(answer[0]["headers"])
    granted = headers.pop(stream.GRANT.encode(), None)
    if granted is None:
        for message in answer:
            await send(message)
        return None
    kept = [pair for pair in headers.items() if pair[0] not in (b"content-type", b"content-length")]
    return await stream.begin(granted, kept, send)


async def _live(receive: AsgiReceive, send: AsgiSend) -> None:
    """Serve the lifespan protocol: start and stop what belongs to the process as a whole."""
    tasks: list[asyncio.Task[None]] = []
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            memory.settle()
            connections.leave_checks_to_bridge()
            if (keys := provider_keys()) is not None:
                keys.refresh_aside()
            for work in hub().prune_now_and_then(), health.warn_if_not_ready():
                tasks.append(asyncio.create_task(work))
            if settings.METRICS:
                tasks.append(asyncio.create_task(_sampler.now_and_then()))
            for number in signal.SIGTERM, signal.SIGINT:
                _end_streams_at(number)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            for task in tasks:
                task.cancel()
            await _sockets.places.store()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _end_streams_at(number: int) -> None:
    """End streams at this signal: the server waits for open requests, and streams do not end."""
    loop, before = asyncio.get_running_loop(), signal.getsignal(number)

    def told_to_end(number: int, frame: FrameType | None) -> Any:
        loop.call_soon_threadsafe(hub().close)
        return before(number, frame) if callable(before) else None

    with suppress(ValueError):  # only the main thread may do this
        signal.signal(number, told_to_end)
