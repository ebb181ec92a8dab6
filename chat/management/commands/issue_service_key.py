"""Print a new key for a service account."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from chat.keys import issue_key
from chat.models import Scope, every_scope


class Command(BaseCommand):
    help = "Print a new service key for the application NAME. It is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="Its account, created if missing.")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="A scope of the key; may be given several times. Default: all scopes.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account, scopes = options["name"], options["scopes"] or every_scope()
        try:
            key = issue_key(account=account, scopes=scopes)
        except ValidationError as error:
            raise CommandError(f"NAME: {'; '.join(error.messages)}") from error
        self.stderr.write(f"A key for {account} ({', '.join(scopes)}), shown only once:")
        self.stdout.write(key)
