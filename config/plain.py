"""Answers from the event loop, without Django and without a thread."""

from __future__ import annotations

import logging
import time

from config.logs import id_of_request
from receipts.feed.asgi import AsgiMessage, AsgiSend

logger = logging.getLogger("seenby.request")


def header(scope: AsgiMessage, wanted: bytes) -> str:
    """The value of a request's header; empty if it has none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def client_of(scope: AsgiMessage) -> str | None:
    """The client's address; behind proxies that uvicorn trusts, the one that they give."""
    found: str | None = (scope.get("client") or (None,))[0]
    return found


async def respond(
    scope: AsgiMessage,
    send: AsgiSend,
    status: int,
    body: bytes,
    *,
    began: float,
    content_type: str = "application/json",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Send an answer and log one line; ``began`` is ``time.perf_counter()`` at the start."""
    identity = id_of_request(header(scope, b"x-request-id"))
    described = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", identity.encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": described})
    body = body if scope["method"] == "GET" else b""
    await send({"type": "http.response.body", "body": body, "more_body": False})
    took = round((time.perf_counter() - began) * 1000, 2)
    extra = {"status": status, "ms": took, "caller": None, "client": client_of(scope)}
    extra["request_id"] = identity
    logger.info("%s %s", scope["method"], scope["path"], extra=extra)
