"""Distribute the tables over the nodes of a Citus cluster."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from receipts.management.arguments import TROUBLE, summed_up
from receipts.upkeep.distributing import NotDistributable, distribute


class Command(BaseCommand):
    help = (
        "Distribute the tables over the nodes of a Citus cluster, by conversation (see"
        " docs/scaling.md). Stop the service first, and import histories before. In one"
        " transaction: all tables or none. Run it again after a later version has added tables;"
        " where nothing is left to do, it changes nothing. Exits with 0 when done, 1 if the tables"
        " cannot be distributed, 130 when stopped by Ctrl-C: then nothing was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Print the SQL, and change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with summed_up(lambda stopped: None):
                count = distribute(self.stdout.write, dry_run=options["dry_run"])
        except NotDistributable as error:
            raise CommandError(str(error), returncode=TROUBLE) from error
        if not count:
            self.stdout.write("All tables are distributed already.")
        elif options["dry_run"]:
            self.stdout.write(f"-- {count} statements; nothing was changed")
        else:
            self.stdout.write("The tables are distributed. Restart the service.")
