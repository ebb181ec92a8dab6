"""Print a token for a user."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.authentication import issue_token
from chat.models import User


class Command(BaseCommand):
    help = "Print a token with which USERNAME can call the API. It is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"USERNAME: no active user is called {options['username']!r}.")
        if user.is_service:
            raise CommandError("USERNAME: service accounts have keys; see issue_service_key.")
        token, expires_at = issue_token(user)
        self.stderr.write(f"A token for {user.username}, until {expires_at.isoformat()}:")
        self.stdout.write(token)
