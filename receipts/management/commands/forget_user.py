"""Forget a user."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.errors import AccountProtected
from chat.models import User
from receipts import services
from receipts.management.arguments import WRONG_ARGUMENT
from receipts.management.erasing import finish_erasure


class Command(BaseCommand):
    help = (
        "Forget a user: the account is closed, its name and picture are removed, and so are"
        " acknowledgements and reasons of failures; its username is replaced. Counts and the"
        " receipts of others stay. Safe to run during live traffic; run it again, or erase, to"
        " continue one that was stopped. Exits with 0 when finished, 2 for a wrong argument, 130"
        " when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument(
            "--messages",
            action="store_true",
            help="Also remove the texts of the messages that they sent.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        try:
            erasure = services.forget_user(username=username, messages=options["messages"])
        except User.DoesNotExist:
            raise CommandError(
                f"USERNAME: no user is called {username!r}.", returncode=WRONG_ARGUMENT
            ) from None
        except AccountProtected as error:
            raise CommandError(f"USERNAME: {error}", returncode=WRONG_ARGUMENT) from error
        finish_erasure(erasure)
        self.stdout.write("The user is forgotten.")
