"""Serve in production."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from receipts.management.arguments import number_argument
from receipts.management.serving import port_of_environment, serve


class Command(BaseCommand):
    help = (
        "Serve in production, with limits on what clients send and on how long they take."
        " HOST, PORT, DATABASE_URL and the SERVER_ variables are honoured."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--workers",
            type=number_argument(1, 1_000),
            default=1,
            help="Server processes (default 1).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        serve(port_of_environment(), options["workers"])
