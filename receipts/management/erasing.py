"""Shared by the commands that erase: no time budget, and Ctrl-C between two batches."""

from __future__ import annotations

from chat.models import Erasure
from receipts import services
from receipts.management.arguments import summed_up


def finish_erasure(erasure: Erasure) -> None:
    """Do all batches of an erasure. Raises ``CommandError`` when stopped by Ctrl-C."""
    with summed_up(lambda stopped: None):
        services.run_erasure(erasure, lambda: True)
