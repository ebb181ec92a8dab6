"""Responses as ASGI's messages."""

from __future__ import annotations

import json
import logging
from typing import Any

from chat.origins import headers_for
from config.environ import Environ
from receipts.feed.asgi import AsgiMessage
from receipts.metrics import count_refused

#: Head and body. Sent in a row, they leave in one packet.
Answer = tuple[AsgiMessage, AsgiMessage]

logger = logging.getLogger("seenby.request")


def refusal(environ: Environ, status: int, code: str, detail: str, *more: Any) -> Answer:
    """A refusal without Django; logged with one line, as Django's are."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    extra = {"status": status, "client": environ["REMOTE_ADDR"] or None}
    logger.warning("%s %s", method, path, extra=extra)
    count_refused(status)
    body = json.dumps({"detail": detail, "code": code}).encode()
    described = (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))
    headers = [*described, *more, *headers_for(environ.get("HTTP_ORIGIN"))]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, body_message(body)


def body_message(body: bytes, more: bool = False) -> AsgiMessage:
    """A body, or a piece of one."""
    return {"type": "http.response.body", "body": body, "more_body": more}
