"""What the service counts while it works, for `/metrics`; nothing where that is off.

A process counts for itself. With several workers prometheus-client keeps the figures in files of
the folder ``PROMETHEUS_MULTIPROC_DIR``, so that each worker can answer for all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Set before this module is imported, in each worker (``receipts.management.serving``).
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY = CollectorRegistry()
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

_REQUESTS = Counter(
    "seenby_requests", "Requests by what was answered.", ["method", "route", "status"],
    registry=REGISTRY,
)  # fmt: skip
_SECONDS = Histogram(
    "seenby_request_seconds", "Time on a thread.", ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10), registry=REGISTRY,
)  # fmt: skip
_REFUSED = Counter(
    "seenby_refused", "Requests refused before they got a thread.", ["status"], registry=REGISTRY
)
_MARKS = Counter(
    "seenby_marks", "Status rows that marks have changed.", ["kind"], registry=REGISTRY
)
_MESSAGES = Counter("seenby_messages", "Messages sent.", registry=REGISTRY)
_FEED_FAILURES = Counter("seenby_feed_failures", "Polls of the feed failed.", registry=REGISTRY)
_CPU = Counter("process_cpu_seconds", "CPU time of all workers.", registry=REGISTRY)


@lru_cache(maxsize=5_000)
def _of_request(method: str, route: str, status: int) -> tuple[Any, Any]:
    return _REQUESTS.labels(method, route, status).inc, _SECONDS.labels(method, route).observe


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered; ``route`` is the pattern of its address, empty if it has none."""
    if settings.METRICS:
        known = method if method in _METHODS else "other"
        count, observe = _of_request(known, route or "none", status)
        count()
        observe(seconds)


def count_refused(status: int) -> None:
    """A request was refused by the server itself."""
    if settings.METRICS:
        _REFUSED.labels(status).inc()


_KINDS = {
    kind: _MARKS.labels(kind)
    for kind in ("delivery", "private_delivery", "read", "private_read", "failure")
}


class _Mark(Protocol):
    """What is asked of a mark (``receipts.ledger.marks``)."""

    @property
    def read(self) -> bool: ...
    @property
    def private(self) -> bool: ...
    @property
    def hides_delivery(self) -> bool: ...


def count_marks(number: int, mark: _Mark) -> None:
    """Rows were marked."""
    if settings.METRICS and number:
        if mark.read:
            kind = "private_read" if mark.private else "read"
        else:
            kind = "private_delivery" if mark.hides_delivery else "delivery"
        _KINDS[kind].inc(number)


def count_failures(number: int) -> None:
    """Rows were marked as failed deliveries."""
    if settings.METRICS and number:
        _KINDS["failure"].inc(number)


def count_message() -> None:
    """A message was sent."""
    if settings.METRICS:
        _MESSAGES.inc()


def count_feed_failure() -> None:
    """The feed could not be polled."""
    if settings.METRICS:
        _FEED_FAILURES.inc()


def add_cpu(seconds: float) -> None:
    """This process has used so much CPU time since it said so last."""
    _CPU.inc(seconds)


def gauge(name: str, about: str, *labels: str, over_workers: str = "livesum") -> Gauge:
    """A figure that each process sets from time to time; ``over_workers`` adds them up."""
    mode: Any = over_workers
    return Gauge(name, about, labels, registry=REGISTRY, multiprocess_mode=mode)
