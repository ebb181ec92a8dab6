"""The service as one ASGI application: what uvicorn runs.

Requests go through Django's WSGI handler on a fixed number of threads, since Django's own ASGI
handler starts a thread for each and costs four times as much (docs/decisions/0005).
"""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

Message = MutableMapping[str, Any]

_requests = WSGIMiddleware(
    get_wsgi_application(),  # type: ignore[arg-type]
    workers=settings.SERVER_THREADS,
)


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Serve one request, or the process's life from start to end."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        await _requests(scope, receive, send)  # type: ignore[arg-type]


async def _live(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """What is loaded at the start stays, so the collector need not look at it again."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 50, 1_000)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
