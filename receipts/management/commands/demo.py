"""Set up and serve the demo with one command."""

from __future__ import annotations

import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chat.authentication import issue_token
from chat.models import MODERATORS, User
from receipts.demo.world import load_world
from receipts.management.serving import check_port, port_of_environment, serve

#: Users who may log in to the admin, and whether they are superusers.
STAFF = {"moderator": False, "admin": True}


class Command(BaseCommand):
    help = (
        "Migrate, load sample conversations into an empty database, print how to log in, and"
        " serve. HOST, PORT and DATABASE_URL are honoured."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo runs only with DEMO=1; see docs/operating.md to serve in production."
            )
        host, port = settings.HOST, port_of_environment()
        check_port(port)  # before anything is printed that would be for another server
        call_command("migrate", verbosity=0)
        self._greet(f"http://{'[' + host + ']' if ':' in host else host}:{port}", load_world())
        serve(port)

    def _greet(self, address: str, is_demo: bool) -> None:
        say, bold = self.stdout.write, self.style.MIGRATE_HEADING
        say("")
        if not is_demo:
            say(f"  {bold('API')}     {address}/api/v1/docs/")
            say("\n  This database has other users, so nothing was loaded.")
            say(f"  To get a token for one of them: {_program()} issue_token USERNAME")
            say("")
            return
        password = _let_staff_in()
        say(f"  {bold('Chat')}    {address}/   open it in two windows, as two people")
        say(f"  {bold('Admin')}   {address}/admin/   as moderator or admin, password {password}")
        say(f"  {bold('API')}     {address}/api/v1/docs/")
        alice = User.objects.get(username="alice")
        newest = alice.sent_messages.latest("pk").pk
        say("\n  Who got alice's newest message, and who has read it?")
        say(f"\n  curl -H 'Authorization: Bearer {issue_token(alice)[0]}' \\")
        say(f"    {address}/api/v1/messages/{newest}/recipients/")
        say("")


def _let_staff_in() -> str:
    """Create the moderator and the admin if missing; return the password of both.

    It stays the same from one start to the next, or a second start would lock out those who use the
    first one's.
    """
    password = _kept_password()
    for username, is_superuser in STAFF.items():
        user, _ = User.objects.get_or_create(
            username=username, defaults={"display_name": username.title()}
        )
        user.is_staff, user.is_superuser = True, is_superuser
        if not user.check_password(password):
            user.set_password(password)
        user.save()
        if not is_superuser:
            user.groups.add(Group.objects.get(name=MODERATORS))
    return password


def _kept_password() -> str:
    """The demo's password, generated once and kept where only the owner may read it."""
    file = Path(settings.DATA_DIR) / "demo_password"
    if file.exists() and (kept := file.read_text().strip()):
        return kept
    password = secrets.token_urlsafe(9)
    with suppress(OSError):  # then each start has another one
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(password)
    return password


def _program() -> str:
    """How this program is called."""
    name = Path(sys.argv[0]).name
    return name if name == "seenby" else ".venv/bin/python manage.py"
