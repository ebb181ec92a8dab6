"""Bring in a history from another system."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from receipts.importing import Report, import_history
from receipts.importing.report import Refused
from receipts.importing.source import Unreadable, lines_of


def _positive(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= 1_000_000:
        raise ArgumentTypeError("must be a whole number from 1 to 1000000")
    return int(given)


class Command(BaseCommand):
    help = (
        "Import users, conversations, messages and their receipts from newline-delimited JSON."
        " What is there already is passed over, so a run that was stopped can be repeated."
        " The record types are described in receipts/importing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="Plain or gzip; - is the standard input.")
        parser.add_argument(
            "--strict", action="store_true", help="Stop at the first bad line instead of skipping."
        )
        parser.add_argument(
            "--batch-size",
            type=_positive,
            default=10_000,
            metavar="N",
            help="About how many rows one transaction writes. Default: 10000.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = Report(say=self.stderr.write, strict=options["strict"])
        try:
            lines = lines_of(options["file"], sys.stdin)
            import_history(lines, report, batch_size=options["batch_size"])
        except Unreadable as error:
            raise CommandError(f"FILE: {error}") from error
        except Refused as error:
            raise CommandError(str(error)) from error
        for line in report.summary():
            self.stdout.write(line)
