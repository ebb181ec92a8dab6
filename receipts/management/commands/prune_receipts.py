"""Archive the rows of old messages that everybody has read."""

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
    number,
    summed_up,
)
from receipts.upkeep.pruning import Prune
from receipts.upkeep.stretches import BATCH_ROWS

#: A hundred years.
_MOST_DAYS = 36_500


class Command(BaseCommand):
    help = (
        "Archive settled messages: once a message is old enough and all its recipients have read"
        " it, the rows that say who and when are deleted. Its counts and its overall status stay,"
        " and so does the message. This cannot be undone. Messages that somebody has marked unread"
        " again, and those whose rows say otherwise than their counts, keep their rows. Safe"
        " beside live traffic, and can be stopped and repeated. Exits with 0 when done, 2 for a"
        " wrong argument, 130 when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=number(1, _MOST_DAYS),
            required=True,
            metavar="DAYS",
            help="Only messages that were sent longer ago than that; whole days.",
        )
        add_conversation(parser)
        add_batch_size(parser, BATCH_ROWS, "About how many rows one transaction deletes.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be archived; change nothing."
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
                f"{prune.kept:,} messages that all have read keep their rows: somebody has them"
                " unread again, or counts and rows differ (see check_receipts)"
            )
