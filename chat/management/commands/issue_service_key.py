"""Print a new key for a service account."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from chat.models import Scope, ServiceKey, User


class Command(BaseCommand):
    help = "Print a new service key for the application NAME. It is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "name",
            metavar="NAME",
            help="The application; its account is created if it does not exist.",
        )
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="A scope of the key; may be given several times. Default: all scopes.",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            user = User(username=options["name"], is_service=True)
            user.set_unusable_password()
            try:
                user.full_clean()
            except ValidationError as error:
                raise CommandError(f"NAME: {'; '.join(error.messages)}") from error
            user.save()
        elif not user.is_service:
            raise CommandError(f"NAME: {user.username!r} is a person, not a service account.")
        elif not user.is_active:
            raise CommandError(f"NAME: {user.username!r} is deactivated.")
        scopes = options["scopes"] or list(Scope.values)
        # A username may be longer than the name of a key.
        key = ServiceKey.issue(user=user, name=user.username[:100], scopes=scopes)
        self.stderr.write(f"A key for {user.username} ({', '.join(scopes)}), shown only once:")
        self.stdout.write(key)
