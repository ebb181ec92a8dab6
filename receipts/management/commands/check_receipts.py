"""Compare the counts on messages with their receipt rows."""

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
        "Compare each message's counts with its receipt rows. Also find stray rows (of a missing"
        " message or recipient, of another conversation, or of an archived message), and open"
        " rows whose recipients left or were deactivated, and messages, or in a cluster"
        " conversations, whose external ids differ from the table of names, threads that differ"
        " from their replies, and large conversations whose positions or count of members differ"
        " from who takes part. Tracked messages without rows are reported, and wait for"
        " backfill_receipts; they have drifted only if their counts are not zero, and --fix"
        " leaves these unchanged, since the counts may be all that is known. Safe to run during"
        " live traffic. Exits with 0 if everything is correct or was fixed, 1 if anything is"
        " wrong, 2 for a wrong argument, 130 when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_conversation(parser)
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Correct the counts, the names, the threads and the positions, and withdraw open"
            " rows whose"
            " recipients left or were deactivated. Other rows are left unchanged.",
        )
        add_batch_size(parser, STRETCH, "Check, and fix, at most this many messages at a time.")

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
            say(f"until it was stopped: {_found(check)}")
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
    found = f"drifted messages {check.drifted}{fixed}, stray rows {check.strays}"
    if check.left_open:
        withdrawn = f" ({check.withdrawn} withdrawn)" if check.withdrawn else ""
        found += f", open rows of recipients who are gone {check.left_open}{withdrawn}"
    for what, differing in (
        ("names", check.names),
        ("names of conversations", check.conversation_names),
        ("threads", check.threads),
        ("large conversations", check.members),
    ):
        if differing.found:
            fixed = f" ({differing.fixed} fixed)" if differing.fixed else ""
            found += f", {what} that differ {differing.found}{fixed}"
    return found


def _what_to_do(check: Check) -> str:
    if check.drifted > check.fixed + check.rowless:
        return "The counts have drifted; --fix corrects them."
    if check.left_open > check.withdrawn:
        return "Recipients who are gone have open rows; --fix withdraws them."
    if check.rowless:
        return "Messages have lost their rows, or never had any; backfill_receipts writes them."
    if check.strays:
        return _STRAY_ROWS
    if check.threads.found > check.threads.fixed:
        return "Threads and their replies differ; --fix counts them again."
    if check.members.found > check.members.fixed:
        return "Positions and participants of a large conversation differ; --fix settles them."
    if check.conversation_names.found > check.conversation_names.fixed:
        return "Conversations and their names differ; --fix names them again."
    if not check.fix:
        return "Names and messages differ; --fix mends what is certain."
    return "Two messages have one name; find out which one should, and clear the other's."


_STRAY_ROWS = "Stray rows are not counted; find out what wrote them, then delete them."
