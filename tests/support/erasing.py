"""What each batch of an erasure changes: rows of every table, before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.models import (
    Conversation,
    ConversationParticipant,
    Departure,
    Message,
    MessageName,
    MessageNumber,
)
from receipts.models import (
    HistoryMember,
    HistoryPosition,
    HistoryStay,
    MessageStatus,
    ReceiptEvent,
)
from receipts.services.erasing import running

TABLES: tuple[Any, ...] = (
    Conversation, ConversationParticipant, Departure, Message, MessageName, MessageNumber,
    MessageStatus, ReceiptEvent, HistoryMember, HistoryPosition, HistoryStay, LogEntry,
)  # fmt: skip


def everything() -> dict[str, dict[Any, Any]]:
    """All rows of all tables, by their keys."""
    return {
        model.__name__: {row[model._meta.pk.attname]: row for row in model.objects.values()}
        for model in TABLES
    }


def watch_batches(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """A list to which each batch adds how many rows of which tables it changed."""
    batches: list[dict[str, int]] = []
    batch: Callable[[int], bool] = running._batch

    def watched(pk: int) -> bool:
        before = everything()
        finished = batch(pk)
        after = everything()
        changed = {
            name: sum(rows.get(key) != after[name].get(key) for key in {*rows, *after[name]})
            for name, rows in before.items()
        }
        batches.append({name: count for name, count in changed.items() if count})
        return finished

    monkeypatch.setattr(running, "_batch", watched)
    return batches


@pytest.fixture
def forget(api: Any, service_key: str) -> Any:
    """``forget("?messages=erase")``: bob, by the application's backend."""

    def forget(query: str = "", status: int = 200, username: str = "bob") -> Any:
        return api(service_key)("DELETE", f"/users/{username}/{query}", status=status)

    return forget
