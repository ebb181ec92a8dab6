"""The database as tests see it: its connection, and whether a block changed any row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.db.models import QuerySet

from receipts.models import MessageStatus


@contextmanager
def one_connection() -> Iterator[None]:
    """A request must not close the connection on which the test's transaction is open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def misplace(rows: QuerySet[MessageStatus], conversation_id: int) -> None:
    """Let rows name another conversation. They are replaced: a distributed row cannot move."""
    moved = list(rows)
    rows.delete()
    for row in moved:
        row.conversation_id = conversation_id
    MessageStatus.objects.bulk_create(moved)


@contextmanager
def nothing_written() -> Iterator[None]:
    """Fail if the block changes a row of any table of the service."""

    def everything() -> Any:
        models = [m for app in ("chat", "receipts") for m in apps.get_app_config(app).get_models()]
        return {model: list(model._default_manager.order_by("pk").values()) for model in models}

    before = everything()
    yield
    assert everything() == before
