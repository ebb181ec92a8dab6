"""Archive old messages that everyone has read, by deleting their receipt rows."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from receipts.management.arguments import (
    add_batch_size,
    add_conversation,
    check_conversation,
    number_argument,
    summed_up,
)
from receipts.upkeep.pruning import Prune
from receipts.upkeep.stretches import DEFAULT_BATCH_ROWS

#: A hundred years.
_MOST_DAYS = 36_500


class Command(BaseCommand):
    help = (
        "Archive settled messages: once a message is old enough and all its recipients have read"
        " it, its receipt rows (who, and when) are deleted. The message, its counts and its overall"
        " status are kept. This cannot be undone. Messages that someone has marked unread again,"
        " and messages whose rows and counts differ, keep their rows. Safe to run during live"
        " traffic; can be stopped and repeated. Exits with 0 when done, 2 for a wrong argument, 130"
        " when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=number_argument(1, _MOST_DAYS),
            required=True,
            metavar="DAYS",
            help="Only messages sent more than this many days ago.",
        )
        add_conversation(parser)
        add_batch_size(parser, DEFAULT_BATCH_ROWS, "About how many rows one transaction deletes.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Report what would be archived; change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        prune = Prune(
            before=timezone.now() - timedelta(days=options["older_than"]),
            conversation=check_conversation(options),
            batch_size=options["batch_size"],
            dry_run=options["dry_run"],
        )
        with summed_up(lambda stopped: self._sum_up(prune)):
            prune.run()

    def _sum_up(self, prune: Prune) -> None:
        would = "would be " if prune.dry_run else ""
        self.stdout.write(
            f"{prune.messages:,} messages {would}archived, {prune.rows:,} rows {would}deleted"
        )
        if prune.kept:
            self.stdout.write(
                f"{prune.kept:,} messages that everyone has read keep their rows: someone has"
                " marked them unread, or counts and rows differ (see check_receipts)"
            )
