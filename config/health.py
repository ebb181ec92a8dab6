"""Liveness and readiness probes.

Under uvicorn they are answered outside the request threads, so that a process whose threads are
all busy still reports that it is alive. The views are for other servers.
"""

from __future__ import annotations

import json
import logging
import time
from functools import cache

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from chat.addresses import path_of
from config.logs import id_of_request
from config.readiness import Readiness, ask_own_connection, trouble
from receipts.feed.asgi import AsgiMessage, AsgiSend

ALIVE, READY = "/healthz/", "/readyz/"
logger = logging.getLogger("seenby.request")


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Liveness: the process answers."""
    return JsonResponse(_said("")[1])


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Readiness: the database can be read and written, and all migrations are applied."""
    status, said = _said(trouble(connection))
    return JsonResponse(said, status=status)


def is_asked(scope: AsgiMessage) -> bool:
    """Whether a request is for one of the two probes."""
    path = path_of(scope).removeprefix(scope.get("root_path", ""))
    return path in (ALIVE, READY) and scope["method"] in ("GET", "HEAD")


async def answer(scope: AsgiMessage, send: AsgiSend) -> None:
    """Answer a probe in the event loop."""
    began = time.perf_counter()
    status, said = _said(await readiness()() if scope["path"].endswith(READY) else "")
    body = json.dumps(said).encode()
    identity = id_of_request(_header(scope, b"x-request-id"))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", identity.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = body if scope["method"] == "GET" else b""
    await send({"type": "http.response.body", "body": body, "more_body": False})
    took = round((time.perf_counter() - began) * 1000, 2)
    extra = {"status": status, "ms": took, "caller": None, "request_id": identity}
    logger.info("%s %s", scope["method"], scope["path"], extra=extra)


async def warn_if_not_ready() -> None:
    """Log a line if the service cannot do its work yet; it serves, and says so at ``READY``."""
    if reason := await readiness()():
        logger.warning("Not ready: %s. %s is 503 until that is mended.", reason, READY)


def _said(trouble: str) -> tuple[int, dict[str, str]]:
    if trouble:
        return 503, {"status": "unavailable", "reason": trouble}
    return 200, {"status": "ok"}


def _header(scope: AsgiMessage, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


@cache
def readiness() -> Readiness:
    """The instance for this process."""
    return Readiness(ask_own_connection())
