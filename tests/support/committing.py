"""Threads with transactions of their own, of all lengths."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from chat.models import Conversation, User
from tests.support.cast import say


def on_its_own(work: Callable[..., Any], *args: Any) -> Any:
    """Run a thread's function and close its connection."""
    try:
        return work(*args)
    finally:
        connection.close()


def write(sender: User, room: Conversation) -> None:
    """Transactions of all lengths, some rolled back."""
    for _ in range(20):
        with transaction.atomic():
            for _ in range(random.choice((1, 1, 1, 5, 15))):
                say(sender, room)
            if random.random() < 0.1:
                transaction.set_rollback(True)
