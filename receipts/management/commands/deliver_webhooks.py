"""Deliver events to webhook endpoints."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from receipts.webhooks.working import Worker


class Command(BaseCommand):
    help = (
        "Deliver events to webhooks, as a worker that runs until it is stopped (Ctrl-C, SIGTERM)."
        " Several may run: each endpoint is served by one at a time, in order, each event at least"
        " once. Exits with 0; with --once, with 1 if the database does not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Deliver the events that are due now, and exit."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker()
        signals = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(name, lambda *_: worker.stop()) for name in signals]
        try:
            if options["once"]:
                self.stdout.write(f"Deliveries: {worker.run_once()}.")
            else:
                self.stdout.write("Delivering to webhooks. Ctrl-C or SIGTERM ends it.")
                worker.run()
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}".strip()) from error
        finally:
            for name, handler in zip(signals, before, strict=True):
                signal.signal(name, handler)
