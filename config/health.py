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
from config.plain import respond
from config.readiness import Readiness, ask_own_connection, trouble
from receipts.api.outages import Unavailable
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
    answer = JsonResponse(said, status=status)
    if status == Unavailable.status_code:
        answer["Retry-After"] = str(Unavailable.wait)
    return answer


def is_asked(scope: AsgiMessage) -> bool:
    """Whether a request is for one of the two probes."""
    path = path_of(scope).removeprefix(scope.get("root_path", ""))
    return path in (ALIVE, READY) and scope["method"] in ("GET", "HEAD")


async def answer(scope: AsgiMessage, send: AsgiSend) -> None:
    """Answer a probe in the event loop."""
    began = time.perf_counter()
    status, said = _said(await readiness()() if scope["path"].endswith(READY) else "")
    later = ((b"retry-after", b"%d" % Unavailable.wait),) if status == 503 else ()
    await respond(scope, send, status, json.dumps(said).encode(), began=began, headers=later)


async def warn_if_not_ready() -> None:
    """Log a line if the service cannot do its work yet; it serves, and says so at ``READY``."""
    if reason := await readiness()():
        logger.warning("Not ready: %s. %s is 503 until that is mended.", reason, READY)


def _said(trouble: str) -> tuple[int, dict[str, str]]:
    if trouble:
        return 503, {"status": "unavailable", "reason": trouble}
    return 200, {"status": "ok"}


@cache
def readiness() -> Readiness:
    """The instance for this process."""
    return Readiness(ask_own_connection())
