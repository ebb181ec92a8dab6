"""`/metrics` for Prometheus: answered by the event loop, so also while all threads are busy.

404 unless METRICS_TOKEN or METRICS_ALLOW is set: behind a proxy on the same machine everybody
comes from 127.0.0.1, so that no address is safe by default.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.db import connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from chat.addresses import path_of
from config.plain import client_of, header, respond
from config.sampling import Sampler
from receipts.feed.asgi import AsgiMessage, AsgiSend
from receipts.metrics import FOLDER_VARIABLE, REGISTRY
from receipts.webhooks.backlog import DELIVERING, DISABLED, FAILING, backlogs

logger = logging.getLogger("seenby.request")

METRICS_PATH = "/metrics"
#: Seconds for which the state of webhooks is kept, and in which the database has to tell it.
KEPT, PATIENCE = 15.0, 3.0


def is_scrape(scope: AsgiMessage) -> bool:
    """Whether a request is for the metrics, and these are on."""
    path = path_of(scope).removeprefix(scope.get("root_path", ""))
    return settings.METRICS and path == METRICS_PATH and scope["method"] in ("GET", "HEAD")


class Metrics:
    """The endpoint of one process."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self.thread = ThreadPoolExecutor(1, "metrics")
        self.webhooks = _Webhooks({}, answered=False)
        self.known_until = 0.0

    async def answer(self, scope: AsgiMessage, send: AsgiSend) -> None:
        """Answer a scrape."""
        began = time.perf_counter()
        if settings.METRICS_ALLOW and not _is_allowed(client_of(scope)):
            await respond(scope, send, 403, b'{"detail": "Not from this address."}', began=began)
        elif settings.METRICS_TOKEN and not _is_known(header(scope, b"authorization")):
            asked = ((b"www-authenticate", b"Bearer"),)
            await respond(
                scope, send, 401, b'{"detail": "METRICS_TOKEN."}', began=began, headers=asked
            )
        else:
            encode, content_type = choose_encoder(header(scope, b"accept"))
            body = encode(await self._collected())
            await respond(scope, send, 200, body, began=began, content_type=content_type)

    async def _collected(self) -> CollectorRegistry:
        """The figures of all workers, and what only the database knows."""
        self.sampler.sample()
        everything = CollectorRegistry()
        if folder := os.environ.get(FOLDER_VARIABLE):
            forget_ended(Path(folder))
            MultiProcessCollector(everything, folder)  # type: ignore[no-untyped-call]
        else:
            everything.register(REGISTRY)
        await self._look_at_webhooks()
        everything.register(self.webhooks)
        return everything

    async def _look_at_webhooks(self) -> None:
        if time.monotonic() < self.known_until:
            return
        looking = asyncio.get_running_loop().run_in_executor(self.thread, _looked_at_webhooks)
        self.webhooks = _Webhooks({}, answered=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                self.webhooks = await asyncio.shield(looking)
        self.known_until = time.monotonic() + KEPT


class _Webhooks(Collector):
    """Endpoints and their backlog, as the database told last."""

    def __init__(self, found: dict[str, list[float]], *, answered: bool) -> None:
        self.found, self.answered = found, answered

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("seenby_database_up", "Whether it answers.", value=self.answered)
        count = GaugeMetricFamily("seenby_webhooks", "Endpoints by state.", labels=["state"])
        oldest = GaugeMetricFamily(
            "seenby_webhook_backlog_seconds", "How long the oldest event waits.", labels=["state"]
        )
        for state in (DELIVERING, FAILING, DISABLED) if self.answered else ():
            waits = self.found.get(state, [])
            count.add_metric([state], len(waits))
            if state != DISABLED:
                oldest.add_metric([state], max(waits, default=0.0))
        yield from (count, oldest)


def _looked_at_webhooks() -> _Webhooks:
    found: dict[str, list[float]] = {}
    try:
        for state, waits in backlogs():
            found.setdefault(state, []).append(waits)
        return _Webhooks(found, answered=True)
    except Exception as error:
        logger.warning("The state of webhooks is unknown: %s", error)
        return _Webhooks({}, answered=False)
    finally:
        connection.close()


def _is_allowed(client: str | None) -> bool:
    try:
        address = ip_address(client or "")
    except ValueError:  # over a Unix socket
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in settings.METRICS_ALLOW)


def _is_known(authorization: str) -> bool:
    return compare_digest(authorization.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())


def forget_ended(folder: Path) -> None:
    """Remove the gauges of workers that have ended; their counters go on counting."""
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            file.unlink(missing_ok=True)
