"""Finish all erasures that were requested."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from chat.models import Erasure
from receipts import services
from receipts.management.arguments import summed_up


class Command(BaseCommand):
    help = (
        "Finish all erasures of users and conversations that were requested and not completed. Safe"
        " to run during live traffic, from cron, and several times at once. Exits with 0 when all"
        " are finished, 130 when stopped by Ctrl-C."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        finished: list[Erasure] = []
        with summed_up(lambda stopped: self.stdout.write(f"{len(finished)} erasures finished.")):
            for erasure in services.pending_erasures():
                services.run_erasure(erasure, lambda: True)
                finished.append(erasure)
