"""What each process measures of itself a few times a minute, for `/metrics`."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from weakref import WeakSet

from django.db import connections
from django.db.backends.signals import connection_created
from prometheus_client import ProcessCollector

from config.bridge import WSGIBridge
from config.edge import open_connections
from receipts import metrics
from receipts.feed.hub import hub

logger = logging.getLogger("seenby.request")

#: Seconds between two samples.
SAMPLE_SECONDS = 5.0

_gauge = metrics.gauge
_WORKERS = _gauge("seenby_workers", "Server processes.")
_THREADS = _gauge("seenby_threads", "Threads for requests.")
_BUSY = _gauge("seenby_threads_busy", "Threads that work on a request.")
_GREENLETS = _gauge("seenby_greenlets", "Greenlets for short requests.")
_GREENLETS_BUSY = _gauge("seenby_greenlets_busy", "Greenlets that work on a request.")
_WAITING = _gauge("seenby_requests_waiting", "Requests that wait for a thread or a greenlet.")
_CONNECTIONS = _gauge("seenby_connections", "Open HTTP connections.")
_BODIES = _gauge("seenby_bodies_bytes", "Bodies of requests that are not answered.")
_STREAMS = _gauge("seenby_streams", "Open streams of the live feed.")
_SOCKETS = _gauge("seenby_sockets", "Vendors' WebSockets that have logged in.")
_LAG = _gauge(
    "seenby_feed_lag_seconds", "Since the feed was last up to date.", over_workers="livemax"
)
_DATABASE = _gauge("seenby_database_connections", "Open connections to PostgreSQL.")
_POOL_WAITING = _gauge("seenby_database_pool_waiting", "Requests that wait for one of the pool.")
_MEMORY = _gauge("process_resident_memory_bytes", "Memory of all workers.")
_FILES = _gauge("process_open_fds", "Open files of the worker with most.", over_workers="livemax")
_MAX_FILES = _gauge("process_max_fds", "Files that a worker may open.", over_workers="livemin")

#: The figures of prometheus-client's own collector, which has none for several processes.
_PROCESS = {
    "process_resident_memory_bytes": _MEMORY,
    "process_open_fds": _FILES,
    "process_max_fds": _MAX_FILES,
}


class Sampler:
    """Sets the gauges of this process. Used in the event loop."""

    def __init__(self, bridge: WSGIBridge) -> None:
        self.bridge = bridge
        self.cpu = 0.0
        self.process = ProcessCollector(registry=None)
        self.databases: WeakSet[Any] = WeakSet()
        connection_created.connect(self._opened)

    async def now_and_then(self) -> None:
        """Take samples for as long as the process lives."""
        while True:
            try:
                self.sample()
            except Exception:
                logger.exception("This process could not be measured.")
            await asyncio.sleep(SAMPLE_SECONDS)

    def sample(self) -> None:
        """Measure now."""
        _WORKERS.set(1)
        inside, threads, waiting = self.bridge.inside, self.bridge.threads, 0
        if (greenlets := self.bridge.greenlets) is not None:
            waiting = greenlets.waiting
            inside -= greenlets.busy + waiting
            _GREENLETS.set(greenlets.count)
            _GREENLETS_BUSY.set(greenlets.busy)
        _THREADS.set(threads)
        _BUSY.set(min(inside, threads))
        _WAITING.set(max(inside - threads, 0) + waiting)
        for gauge, value in zip((_CONNECTIONS, _BODIES), open_connections(), strict=True):
            gauge.set(value)
        for gauge, value in zip((_STREAMS, _SOCKETS), hub().count_by_kind(), strict=True):
            gauge.set(value)
        _LAG.set(hub().lag)
        _DATABASE.set(sum(not each.closed for each in tuple(self.databases)))
        database: Any = connections["default"]
        if database.vendor == "postgresql" and database.pool is not None:
            _POOL_WAITING.set(database.pool.get_stats().get("requests_waiting", 0))
        for metric in self.process.collect():
            if metric.name in _PROCESS:
                _PROCESS[metric.name].set(metric.samples[0].value)
            elif metric.name == "process_cpu_seconds":
                used = metric.samples[0].value
                metrics.add_cpu(used - self.cpu)
                self.cpu = used

    def _opened(self, connection: Any, **_: Any) -> None:
        if connection.vendor == "postgresql":
            self.databases.add(connection.connection)
