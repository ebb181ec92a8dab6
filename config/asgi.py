"""The service as one ASGI application: what uvicorn runs.

Requests go through Django's WSGI handler on a fixed number of threads, since Django's own ASGI
handler starts a thread for each and costs four times as much (docs/decisions/0005).
"""

from __future__ import annotations

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.bridge import Message, Receive, Send, WSGIBridge

_requests = WSGIBridge(
    get_wsgi_application(),
    threads=settings.SERVER_THREADS,
    max_waiting=settings.SERVER_MAX_WAITING,
    max_body=settings.MAX_REQUEST_BYTES,
)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Serve one request, or the process's life from start to end."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        await _requests(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
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
