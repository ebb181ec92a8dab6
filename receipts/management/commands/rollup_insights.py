"""Roll up the insights of days that are over."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from receipts.management.arguments import TROUBLE, summed_up
from receipts.sql.distributed import is_distributed
from receipts.upkeep.rollup import Rollup


def day_argument(given: str) -> date:
    """An argument type: a UTC day."""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
            raise ValueError(given)
        return date.fromisoformat(given)
    except ValueError:
        raise ArgumentTypeError("must be a day, for example 2026-11-21") from None


class Command(BaseCommand):
    help = (
        "Sum up the insights of UTC days that have been over for twelve hours, so that insights of"
        " many days need not count all their messages, and sum up again what has changed on earlier"
        " days since. Insights stay exact between two runs: what has changed meanwhile is counted."
        " Run it every hour. Safe to run during live traffic and beside another run; can be stopped"
        " and repeated. Exits with 0 when done, 1 if new days have to wait because transactions"
        " stay open, 2 for a wrong argument, 130 when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=day_argument,
            metavar="DAY",
            help="Sum up all days again from this UTC day on, for example after a change of the"
            " database by hand.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if is_distributed():
            raise CommandError("The tables are distributed; insights are counted there.")
        rollup = Rollup(since=options["since"])
        with summed_up(lambda stopped: self._sum_up(rollup)):
            rollup.run()
        if rollup.waits:
            raise CommandError(
                "Transactions that have written messages or receipts stay open; new days wait for"
                " their end.",
                returncode=TROUBLE,
            )

    def _sum_up(self, rollup: Rollup) -> None:
        again = f", {rollup.again:,} days again" if rollup.again else ""
        self.stdout.write(
            f"{rollup.days:,} days of {rollup.messages:,} messages rolled up{again};"
            f" {rollup.changed:,} changes of earlier days"
        )
