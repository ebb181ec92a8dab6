"""The worker: polls all endpoints, and delivers to each in a thread, so that none waits."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing

from django.db import Error as DatabaseError
from django.db import connection

from receipts.models import WebhookEndpoint
from receipts.sql.lasting import release_connection
from receipts.webhooks.delivering import DELIVERIES_AT_ONCE, deliver, due, has_news
from receipts.webhooks.endpoints import reseal_secrets
from receipts.webhooks.posting import lines

logger = logging.getLogger("seenby.webhooks")

#: Seconds between two polls.
POLL_PAUSE = 0.5
#: Seconds until the next poll after one that failed.
LONG_PAUSE = 5.0
#: At most this many endpoints are served at the same time.
WORKER_THREADS = 8


class Worker:
    """Any number of workers, on any machines, share the endpoints: each is served by one."""

    def __init__(self) -> None:
        # A plain flag: a signal handler sets it, and must not wait for a lock.
        self.stopping = self.has_resealed = False
        self.running: dict[int, Future[int]] = {}
        self.pool = ThreadPoolExecutor(WORKER_THREADS, "webhook")

    def stop(self) -> None:
        """Start nothing new; deliveries in progress are completed and recorded."""
        self.stopping = True

    def run(self) -> None:
        """Deliver until stopped; while the database fails, keep trying."""
        with closing(lines), self.pool:
            while not self.stopping:
                try:
                    release_connection()
                    lines.close_old()
                    self._reseal()
                    self._begin(due())
                    self._rest()
                except DatabaseError as error:
                    logger.error("The database does not answer: %s", str(error).strip())
                    self._pause(LONG_PAUSE)
                except Exception:
                    # Whatever it was, no event is lost: the next poll continues from the cursors.
                    logger.exception("A poll of the worker failed; it continues from where it was.")
                    self._pause(LONG_PAUSE)

    def run_once(self) -> int:
        """Deliver what is due, to each endpoint until it is up to date or fails; returns how many.

        Raises database errors.
        """
        done, delivered = set[int](), 0
        self._reseal()
        with closing(lines), self.pool:
            while not self.stopping:
                self._begin([each for each in due() if each.pk not in done])
                if not self.running:
                    break
                for pk, taken in self._end(POLL_PAUSE).items():
                    delivered += taken
                    if taken < DELIVERIES_AT_ONCE:
                        done.add(pk)
        return delivered

    def _reseal(self) -> None:
        """At the start: after it no secret needs ``SECRET_KEY_FALLBACKS``."""
        if not self.has_resealed:
            reseal_secrets()
            self.has_resealed = True

    def _begin(self, endpoints: list[WebhookEndpoint]) -> None:
        for endpoint in endpoints:
            if endpoint.pk not in self.running and has_news(endpoint):
                self.running[endpoint.pk] = self.pool.submit(self._deliver, endpoint)

    def _end(self, seconds: float) -> dict[int, int]:
        """Wait for an endpoint to finish; the number of deliveries of each that has, by id."""
        wait(self.running.values(), seconds, FIRST_COMPLETED)
        over = {pk: each for pk, each in self.running.items() if each.done()}
        for pk in over:
            del self.running[pk]
        return {pk: each.result() for pk, each in over.items()}

    def _deliver(self, endpoint: WebhookEndpoint) -> int:
        try:
            return deliver(endpoint, go_on=lambda: not self.stopping)
        finally:
            connection.close()

    def _rest(self) -> None:
        """Pause, so that events are sent together; not while an endpoint has a backlog."""
        until = time.monotonic() + POLL_PAUSE
        while self.running and not self.stopping and (left := until - time.monotonic()) > 0:
            if DELIVERIES_AT_ONCE in self._end(left).values():
                return
        self._pause(until - time.monotonic())

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, POLL_PAUSE))  # a signal does not interrupt it
