"""Delete a conversation."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from chat.names import reference_in
from receipts import services
from receipts.management.arguments import WRONG_ARGUMENT
from receipts.management.erasing import finish_erasure
from receipts.reads.names import conversation_id_of


class Command(BaseCommand):
    help = (
        "Delete a conversation: it is closed for everybody, and then removed with its messages,"
        " receipts and participants. Safe to run during live traffic; run it again, or erase, to"
        " continue one that was stopped. Exits with 0 when finished, 2 for a wrong argument, 130"
        " when stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "conversation", metavar="CONVERSATION", help="Its id, or ext: and its external_id."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["conversation"]
        try:
            found = conversation_id_of(reference_in(given) or 0)
            erasure = services.delete_conversation(conversation_id=found)
        except Http404:
            raise CommandError(
                f"CONVERSATION: there is no conversation {given!r}.", returncode=WRONG_ARGUMENT
            ) from None
        finish_erasure(erasure)
        self.stdout.write("The conversation is deleted.")
