"""Deliver events to the backends that asked for them."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connection

from receipts.models import WebhookEndpoint
from receipts.webhooks.delivering import deliver, due

#: Seconds between two looks for something to deliver.
PAUSE = 0.5
#: Seconds before a database that did not answer is asked again.
LONG_PAUSE = 5.0
#: So many endpoints are told at the same time.
THREADS = 8


class Command(BaseCommand):
    help = (
        "Deliver events to webhooks, as a worker that runs until it is stopped (Ctrl-C, SIGTERM)."
        " Several may run: each endpoint is told by one at a time, in order, each event at least"
        " once. Exits with 0."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Deliver what there is to deliver now, and exit."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stop = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stop.set())
        with ThreadPoolExecutor(THREADS, "webhook") as pool:
            delivered = self._turn(pool)
            while not options["once"] and not self.stop.is_set():
                self.stop.wait(0 if delivered else PAUSE)
                delivered = self._turn(pool)
            while options["once"] and delivered and not self.stop.is_set():
                delivered = self._turn(pool)

    def _turn(self, pool: ThreadPoolExecutor) -> int:
        """One look at all endpoints; how many deliveries were taken."""
        try:
            close_old_connections()
            delivered = sum(pool.map(self._deliver, due()))
        except DatabaseError as error:
            self.stderr.write(f"The database does not answer: {error}".strip())
            self.stop.wait(LONG_PAUSE)
            return 0
        if delivered:
            self.stdout.write(f"{delivered} deliveries")
        return delivered

    def _deliver(self, endpoint: WebhookEndpoint) -> int:
        try:
            return deliver(endpoint, go_on=lambda: not self.stop.is_set())
        finally:
            connection.close()
