"""Import a history from another system."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from receipts.importing import Report, import_history
from receipts.importing.report import LineRefused
from receipts.importing.source import Unreadable, lines_of
from receipts.management.arguments import TROUBLE, WRONG_ARGUMENT, add_batch_size, summed_up
from receipts.sql.distributed import is_at_worker
from receipts.sql.pooler import NeedsOwnSession
from receipts.upkeep.stretches import DEFAULT_BATCH_ROWS


class Command(BaseCommand):
    help = (
        "Import users, conversations, messages and their receipts from newline-delimited JSON."
        " Existing records are skipped, so a stopped run can be repeated."
        " The record types are described in receipts/importing. Exits with 0 when done, 1 for a bad"
        " line with --strict, if nothing of the file could be used or if the database is reached"
        " through a pooler or by a worker, 2 for a wrong argument or a"
        " file that cannot be read, 130 when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="Plain or gzip; - is standard input.")
        parser.add_argument(
            "--strict", action="store_true", help="Stop at the first bad line; do not skip it."
        )
        parser.add_argument(
            "--assume-seen",
            action="store_true",
            help="Everybody has seen the messages: nothing is left unread, and nobody is told.",
        )
        add_batch_size(parser, DEFAULT_BATCH_ROWS, "About how many rows one transaction writes.")

    def handle(self, *args: Any, **options: Any) -> None:
        if is_at_worker():
            # The ids of what it copies would be from the worker's own range.
            raise CommandError("This is a worker; DATABASE_URL has to name the coordinator.")
        report = Report(say=self.stderr.write, strict=options["strict"])
        try:
            lines = lines_of(options["file"], sys.stdin)
            with summed_up(lambda stopped: self._sum_up(report, stopped)):
                import_history(
                    lines,
                    report,
                    batch_size=options["batch_size"],
                    assume_seen=options["assume_seen"],
                )
        except Unreadable as error:
            raise CommandError(f"FILE: {error}", returncode=WRONG_ARGUMENT) from error
        except (LineRefused, NeedsOwnSession) as error:
            raise CommandError(str(error), returncode=TROUBLE) from error
        if not report.good.total():
            raise CommandError("nothing of the file could be used", returncode=TROUBLE)

    def _sum_up(self, report: Report, stopped: bool) -> None:
        for line in report.summary(stopped=stopped):
            self.stdout.write(line)
