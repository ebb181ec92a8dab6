"""Compare the counts on messages with their rows."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import OverallStatus
from receipts.management.arguments import (
    TROUBLE,
    add_batch_size,
    add_conversation,
    check_conversation,
    summed_up,
)
from receipts.upkeep.checking import Check
from receipts.upkeep.stretches import STRETCH


class Command(BaseCommand):
    help = (
        "Compare each message's counts with its rows, and look for rows that belong to nothing:"
        " to no message, to nobody, or to a message whose rows are archived; and for rows that are"
        " left open although their recipients left or their accounts are off. Tracked messages"
        " that have no rows and wait for backfill_receipts are told, which is no drift; those of"
        " them whose counts speak of rows are, and --fix leaves them as they are, since these"
        " counts may be all that is known. Safe beside live traffic. Exits with 0 if all is right"
        " or was fixed, 1 if anything is wrong, 2 for a wrong argument, 130 when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_conversation(parser)
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Write the right counts, and withdraw rows left open by recipients who are gone."
            " Other rows are left as they are.",
        )
        add_batch_size(parser, STRETCH, "So many messages are looked at, and fixed, at a time.")

    def handle(self, *args: Any, **options: Any) -> None:
        check = Check(
            say=self.stdout.write,
            conversation=check_conversation(options),
            fix=options["fix"],
            batch_size=options["batch_size"],
        )
        with summed_up(lambda stopped: self._sum_up(check, stopped)):
            check.run()
        if check.left:
            raise CommandError(_what_to_do(check), returncode=TROUBLE)

    def _sum_up(self, check: Check, stopped: bool) -> None:
        say = self.stdout.write
        if check.untold:
            say(f"and {check.untold} more")
        if stopped:
            say(f"up to where it was stopped: {_found(check)}")
            return
        messages, rows = check.totals()
        say(f"{messages.total()} messages, {rows} rows: {_found(check)}")
        say(", ".join(f"{messages[status]} {status}" for status in OverallStatus.values))
        if check.waiting:
            say(f"{check.waiting} tracked messages have no rows: backfill_receipts writes them")


def _found(check: Check) -> str:
    if not check.found:
        return "no drift"
    fixed = f" ({check.fixed} fixed)" if check.fixed else ""
    found = f"drifted messages {check.drifted}{fixed}, rows that belong to nothing {check.strays}"
    if check.left_open:
        withdrawn = f" ({check.withdrawn} withdrawn)" if check.withdrawn else ""
        found += f", rows left open by who is gone {check.left_open}{withdrawn}"
    return found


def _what_to_do(check: Check) -> str:
    if check.drifted > check.fixed + check.rowless:
        return "The counts have drifted; --fix writes the right ones."
    if check.left_open > check.withdrawn:
        return "Recipients who are gone have rows left open; --fix withdraws them."
    if check.rowless:
        return "Messages have lost their rows, or never had any; backfill_receipts writes them."
    return "Rows that belong to nothing are not counted; look at what made them, then delete them."
