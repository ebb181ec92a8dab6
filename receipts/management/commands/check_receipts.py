"""Compare the counts on messages with their rows."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import Conversation, OverallStatus
from receipts.checking import Check


class Command(BaseCommand):
    help = (
        "Compare each message's counts with its rows, and look for rows that belong to nothing."
        " Exits with 1 if anything is wrong and was not fixed. Safe beside live traffic."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--conversation", type=int, metavar="ID", help="Only this one.")
        parser.add_argument(
            "--fix", action="store_true", help="Write the right counts. Rows are left as they are."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        conversation = options["conversation"]
        if conversation is not None and not Conversation.objects.filter(pk=conversation).exists():
            raise CommandError(f"--conversation: there is none with the id {conversation}.")
        check = Check(say=self.stdout.write, conversation=conversation, fix=options["fix"])
        check.run()
        if check.untold:
            self.stdout.write(f"and {check.untold} more")
        self._sum_up(check)
        if check.left:
            raise CommandError(_what_to_do(check))

    def _sum_up(self, check: Check) -> None:
        messages, rows = check.totals()
        found = _found(check)
        self.stdout.write(f"{messages.total()} messages, {rows} rows: {found}")
        self.stdout.write(
            ", ".join(f"{messages[status]} {status}" for status in OverallStatus.values)
        )


def _found(check: Check) -> str:
    if not (check.drifted or check.strays):
        return "no drift"
    fixed = f" ({check.fixed} fixed)" if check.fixed else ""
    return f"drifted messages {check.drifted}{fixed}, rows that belong to nothing {check.strays}"


def _what_to_do(check: Check) -> str:
    if check.drifted > check.fixed:
        return "The counts have drifted; --fix writes the right ones."
    return "Rows that belong to nothing are not counted; look at what made them, then delete them."
