"""One structured log line per request, and a request id, accepted and returned in a header."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from random import getrandbits
from typing import Any

from django.http import HttpRequest, HttpResponse

from chat.addresses import readable
from config.redacting import redacted
from receipts.metrics import count_request

request_id: ContextVar[str] = ContextVar("request_id", default="")
logger = logging.getLogger("seenby.request")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",  # uvicorn's own, for terminals
    "request",  # Django's, whose text holds the query string
    "sql",
    "params",
}
_USABLE_ID = re.compile(r"[\w.:-]{1,64}\Z", re.ASCII)


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """The ``extra`` fields of a log record."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _written(text: str) -> str:
    """Without secrets, and with an encoded slash in a path as a caller writes it."""
    return readable(redacted(text))


def _safe(value: Any) -> Any:
    """A number unchanged, anything else as text without secrets."""
    return value if value is None or isinstance(value, bool | int | float) else _written(str(value))


class JSONFormatter(logging.Formatter):
    """A JSON object a line: time, level, logger, message, request id, and any ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _written(record.getMessage()),
        }
        if current := request_id.get():
            line["request_id"] = current
        line |= {name: _safe(value) for name, value in extras(record).items()}
        if record.exc_info:
            line["exception"] = _written(self.formatException(record.exc_info))
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """For people at a terminal: time, level, message, and any ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        extra = " ".join(f"{name}={value}" for name, value in extras(record).items())
        line = f"{clock} {record.levelname.lower():7} {record.getMessage()} {extra}".rstrip()
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return _written(line)


class WithoutTracebacks(logging.Filter):
    """What Django refuses because of what a client sent is a warning of one line.

    It is the client's fault, so anybody could fill the log with errors and tracebacks.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return record.levelno >= logging.root.level


def id_of_request(given: str) -> str:
    """The id that a caller gave its request, if that is usable; otherwise a new one.

    It is no secret: the system's random numbers would cost a system call, for which Python gives
    up its lock.
    """
    return given if _USABLE_ID.match(given) else f"{getrandbits(128):032x}"


class RequestLogMiddleware:
    """Gives each request an id, the caller's own if it is valid, and logs the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(id_of_request(request.META.get("HTTP_X_REQUEST_ID", "")))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            seconds = time.perf_counter() - started
            route = request.resolver_match.route if request.resolver_match else ""
            count_request(request.method or "", route, response.status_code, seconds)
            refusal = getattr(request, "refusal", None)
            level = logging.WARNING if refusal else logging.INFO
            if logger.isEnabledFor(level):
                extra = {
                    "status": response.status_code,
                    "ms": round(seconds * 1000, 2),
                    "caller": getattr(request, "caller_name", None),
                    "client": request.META.get("REMOTE_ADDR") or None,
                }
                if refusal:
                    extra["reason"] = refusal
                logger.log(level, "%s %s", request.method, request.path, extra=extra)
            return response
        finally:
            request_id.reset(token)
