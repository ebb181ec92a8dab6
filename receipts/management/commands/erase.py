"""Finish all erasures that were requested."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from receipts import services
from receipts.management.erasing import finish_erasure


class Command(BaseCommand):
    help = (
        "Finish all erasures of users and conversations that were requested and not completed. Safe"
        " to run during live traffic, from cron, and several times at once. Exits with 0 when all"
        " are finished, 130 when stopped by Ctrl-C."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        finished = 0
        for erasure in services.pending_erasures():
            finish_erasure(erasure)
            finished += 1
        self.stdout.write(f"{finished} erasures finished.")
