"""Everything for a first look, with one command."""

from __future__ import annotations

import os
import secrets
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chat.authentication import issue_token
from chat.models import User
from receipts.demo import PEOPLE, load_world


class Command(BaseCommand):
    help = (
        "Migrate, load a small lively world into an empty database, print how to log in, serve."
        " HOST, PORT and DATABASE_URL are honoured."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo runs only where DEMO=1; see README.md to serve for real.")
        host, port = settings.HOST, _port()
        call_command("migrate", verbosity=0)
        self._greet(f"http://{'[' + host + ']' if ':' in host else host}:{port}", load_world())
        uvicorn.run(
            "config.asgi:application",
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=3,
        )

    def _greet(self, address: str, is_demo: bool) -> None:
        say = self.stdout.write
        say(f"\nSeenby: {address}\n  API to try   {address}/api/v1/docs/")
        if not is_demo:
            say("This database holds other people, so nothing was loaded.")
            say("A token for one of them: .venv/bin/python manage.py issue_token USERNAME\n")
            return
        password = secrets.token_urlsafe(9)
        moderator, _ = User.objects.get_or_create(
            username="moderator",
            defaults={"display_name": "Moderator", "is_staff": True, "is_superuser": True},
        )
        moderator.set_password(password)
        moderator.save(update_fields=["password"])
        alice = User.objects.get(username="alice")
        token, _ = issue_token(alice)
        news = alice.sent_messages.latest("pk").pk
        say(f"  Admin        {address}/admin/  as moderator, password {password}")
        say(f"  People       {', '.join(PEOPLE)}\n\nA token for alice:\n\n  {token}\n")
        say("Who got her newest message, and who has read it?\n")
        say(f"  curl -H 'Authorization: Bearer {token}' \\")
        say(f"    {address}/api/v1/messages/{news}/recipients/\n")


def _port() -> int:
    given = os.environ.get("PORT", "8000")
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {given!r}.")
    return int(given)
