"""Nodes of a cluster, simulated on one PostgreSQL: rows and snapshots as several nodes give them.

Everything that reads is real, SQL included. What is not: that each node answers for itself, and
that rows lie on them (tests/feed/test_citus.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import _lru_cache_wrapper
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, User
from receipts.feed import cluster
from receipts.feed.positions import Position
from receipts.feed.snapshots import snapshots_text
from receipts.ledger import announcing
from receipts.models import ReceiptEvent
from tests.support.cast import Api, say

#: The nodes, each with its snapshot; and those that have shards, though they do not answer.
Answer = Callable[..., None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """``answer({1: "9:9:", 2: "5:7:6"})``: from now on, these nodes have these snapshots."""

    def answer(now: dict[int, str], with_shards: tuple[int, ...] = ()) -> None:
        rows = ", ".join(
            f"(0, {node}, CAST('{snapshot}' AS text))" for node, snapshot in now.items()
        )
        sql = f"SELECT * FROM (VALUES {rows}) AS node (conversation_id, here, now)"
        monkeypatch.setattr(cluster, "ONE_SERVER", sql)
        monkeypatch.setattr(cluster, "nodes_with_shards", lambda: {*now, *with_shards})

    return answer


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two nodes that share the server's transactions: each is of one of them, by its id."""
    xid, now = "CAST(CAST(pg_current_xact_id() AS text) AS bigint)", "pg_current_snapshot()"
    monkeypatch.setattr(announcing, "node_sql", lambda: f"1 + {xid} %% 2")
    both = f"SELECT 0 AS conversation_id, here, CAST({now} AS text) AS now"
    monkeypatch.setattr(cluster, "ONE_SERVER", f"{both} FROM (VALUES (1), (2)) AS node (here)")
    forget_statements()
    yield
    forget_statements()


def forget_statements() -> None:
    """Those that a process keeps as text name the node."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith(("receipts.ledger.", "receipts.services.")):
            for each in vars(module).values():
                if isinstance(each, _lru_cache_wrapper):
                    each.cache_clear()


def written(sender: User, conversation: Conversation, node: int, xid: int) -> int:
    """A message whose event a transaction of a node wrote; returns its id."""
    message: int = say(sender, conversation).pk
    ReceiptEvent.objects.filter(first_message=message).update(node=node, xid=xid)
    return message


class Reader:
    """A user who follows the feed from a position of several nodes."""

    def __init__(self, call: Api, name: str, seen: dict[int, str]) -> None:
        self.call, self.name = call, name
        position = Position(snapshots_text(seen), int(timezone.now().timestamp()))
        self.cursor = position.cursor(name)

    def page(self, limit: int = 100) -> dict[str, Any]:
        page: dict[str, Any] = self.call.get(f"/events/?after={self.cursor}&limit={limit}")
        self.cursor = page["cursor"]
        return page

    def messages(self, limit: int = 100) -> list[int]:
        """The messages of the next pages, until there are no more."""
        told: list[int] = []
        while True:
            page = self.page(limit)
            told += [event["message"]["id"] for event in page["results"]]
            if not page["more"]:
                return told
