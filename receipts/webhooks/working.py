"""The worker: looks at all endpoints, and tells each by itself, so that none waits for another."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from receipts.models import WebhookEndpoint
from receipts.webhooks.delivering import DELIVERIES_AT_ONCE, deliver, due, has_news

logger = logging.getLogger("seenby.webhooks")

#: Seconds between two looks for something to deliver.
PAUSE = 0.5
#: Seconds before a database that did not answer is asked again.
LONG_PAUSE = 5.0
#: So many endpoints are told at the same time.
THREADS = 8


class Worker:
    """Any number of them, on any machines, share the work: an endpoint is told by one at a time."""

    def __init__(self) -> None:
        # A plain flag: it is set by a signal, which must not wait for a lock.
        self.stopping = False
        self.running: dict[int, Future[int]] = {}
        self.pool = ThreadPoolExecutor(THREADS, "webhook")

    def stop(self) -> None:
        """Begin nothing more; what is on its way is still delivered, and noted."""
        self.stopping = True

    def run(self) -> None:
        """Deliver until stopped, also through times in which the database does not answer."""
        with self.pool:
            while not self.stopping:
                try:
                    close_old_connections()
                    self._begin(due())
                    self._rest()
                except DatabaseError as error:
                    logger.error("The database does not answer: %s", str(error).strip())
                    self._pause(LONG_PAUSE)
                except Exception:
                    # Whatever it was, what happened is still there when it is over.
                    logger.exception("The worker could not look; it goes on from where it was.")
                    self._pause(LONG_PAUSE)

    def run_once(self) -> int:
        """Deliver what there is now, to each endpoint until it has all or fails; how much it was.

        Raises what the database raises.
        """
        done, delivered = set[int](), 0
        with self.pool:
            while not self.stopping:
                self._begin([each for each in due() if each.pk not in done])
                if not self.running:
                    break
                for pk, taken in self._end(PAUSE).items():
                    delivered += taken
                    if taken < DELIVERIES_AT_ONCE:
                        done.add(pk)
        return delivered

    def _begin(self, endpoints: list[WebhookEndpoint]) -> None:
        for endpoint in endpoints:
            if endpoint.pk not in self.running and has_news(endpoint):
                self.running[endpoint.pk] = self.pool.submit(self._deliver, endpoint)

    def _end(self, seconds: float) -> dict[int, int]:
        """Wait for somebody to be told; how many deliveries those took who are."""
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
        """Let a little happen, so that it is told together; not while somebody is behind."""
        until = time.monotonic() + PAUSE
        while self.running and not self.stopping and (left := until - time.monotonic()) > 0:
            if DELIVERIES_AT_ONCE in self._end(left).values():
                return
        self._pause(until - time.monotonic())

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, PAUSE))  # a signal does not shorten it
