"""Write receipt rows for messages that have none."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from receipts.management.arguments import (
    add_batch_size,
    add_conversation,
    check_conversation,
    moment,
    summed_up,
)
from receipts.rules.status import State
from receipts.upkeep.backfilling import ASSUMPTIONS, Backfill
from receipts.upkeep.stretches import DEFAULT_BATCH_ROWS


class Command(BaseCommand):
    help = (
        "Write receipt rows for tracked messages that have none, such as messages loaded into the"
        " database by hand: one for everyone who took part when the message was sent, except its"
        " sender. Delivered and read times come from the participants' watermarks; the counts on"
        " the messages are set to match. Messages that have any rows, and archived messages, are"
        " left unchanged, so a stopped run can be repeated. Safe to run during live traffic. Exits"
        " with 0 when done, 2 for a wrong argument, 130 when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--assume",
            choices=[choice for choice in ASSUMPTIONS if choice],
            help="Where watermarks show less, assume delivery, or a read, at the time of sending.",
        )
        add_conversation(parser)
        parser.add_argument(
            "--before",
            type=moment,
            metavar="TIME",
            help="Only messages sent before this day or time (ISO 8601; UTC without a zone).",
        )
        add_batch_size(parser, DEFAULT_BATCH_ROWS, "About how many rows one transaction writes.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Report what would be written; write nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        backfill = Backfill(
            assume=options["assume"],
            conversation=check_conversation(options),
            before=options["before"],
            batch_size=options["batch_size"],
            dry_run=options["dry_run"],
        )
        with summed_up(lambda stopped: self._sum_up(backfill)):
            backfill.run()

    def _sum_up(self, backfill: Backfill) -> None:
        would = "would be " if backfill.dry_run else ""
        states = ", ".join(
            f"{backfill.rows[state]:,} {state}" for state in State.values if backfill.rows[state]
        )
        self.stdout.write(
            f"{backfill.messages:,} messages had no rows;"
            f" {backfill.rows.total():,} rows {would}written" + (f": {states}" if states else "")
        )
        if backfill.crowded:
            self.stdout.write(
                f"{backfill.crowded:,} messages with more than"
                f" {settings.RECEIPTS_MAX_RECIPIENTS:,} recipients {would}made untracked"
            )
