"""Roll up the insights of days that are over."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from receipts.management.arguments import (
    MOST_ROWS,
    TROUBLE,
    WRONG_ARGUMENT,
    number_argument,
    summed_up,
)
from receipts.sql.distributed import is_distributed
from receipts.upkeep.rollup import Comparison, Rollup


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
        " Run it every hour. --check compares what is summed up with the messages and their rows"
        " instead. Safe to run during live traffic and beside another run; can be stopped"
        " and repeated. Exits with 0 when done, 1 if new days have to wait because transactions"
        " stay open, or if anything differs that was not fixed, 2 for a wrong argument, 130 when"
        " stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=day_argument,
            metavar="DAY",
            help="Sum up all days again from this UTC day on, for example after a change of the"
            " database by hand. With --check: compare from this day on.",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="Sum up nothing: compare what is summed up with counting, and list what differs.",
        )
        parser.add_argument(
            "--sample",
            type=number_argument(1, MOST_ROWS),
            metavar="N",
            help="With --check: at most this many days, chosen at random.",
        )
        parser.add_argument(
            "--fix",
            action="store_true",
            help="With --check: sum up the days again on which anything differs.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if is_distributed():
            raise CommandError("The tables are distributed; insights are counted there.")
        if options["check"]:
            self._check(options)
        elif options["fix"] or options["sample"]:
            raise CommandError("--fix and --sample need --check.", returncode=WRONG_ARGUMENT)
        else:
            self._roll_up(options)

    def _roll_up(self, options: dict[str, Any]) -> None:
        rollup = Rollup(since=options["since"])
        with summed_up(lambda stopped: self._sum_up(rollup)):
            rollup.run()
        if rollup.waits:
            raise CommandError(
                "Transactions that have written messages or receipts stay open; new days wait for"
                " their end.",
                returncode=TROUBLE,
            )

    def _check(self, options: dict[str, Any]) -> None:
        comparison = Comparison(
            say=self.stdout.write,
            since=options["since"],
            sample=options["sample"],
            fix=options["fix"],
        )
        with summed_up(lambda stopped: self._tell(comparison)):
            comparison.run()
        if comparison.days_that_differ > comparison.fixed:
            raise CommandError(
                "What is summed up differs from counting; --fix sums up these days again, and"
                " without --check, --since DAY all from a day on.",
                returncode=TROUBLE,
            )

    def _tell(self, comparison: Comparison) -> None:
        if comparison.untold:
            self.stdout.write(f"and {comparison.untold:,} more")
        found = f"{comparison.differences:,} differences"
        if comparison.differences:
            found += f" on {comparison.days_that_differ:,} days ({comparison.fixed:,} fixed)"
        self.stdout.write(f"{comparison.days:,} days compared: {found}")

    def _sum_up(self, rollup: Rollup) -> None:
        again = f", {rollup.again:,} days again" if rollup.again else ""
        self.stdout.write(
            f"{rollup.days:,} days of {rollup.messages:,} messages rolled up{again};"
            f" {rollup.changed:,} changes of earlier days"
        )
