"""A hot statement names its conversation for each table, so it touches one partition of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from chat.models import Conversation, User
from tests.support.cast import Api, say
from tests.support.partitions import ON_PARTITIONS, TABLES, partition

pytestmark = pytest.mark.postgres

_PARTITION = re.compile(rf"({'|'.join(TABLES)})_p(\d+)\b")


@pytest.fixture(autouse=True)
def partitions(db: None) -> None:
    """Partitioned tables, for the transaction of the test."""
    if not ON_PARTITIONS:
        for table in TABLES:
            partition(table)


class Touching:
    """The statements that a block runs, each with the partitions that its plan names."""

    def __init__(self) -> None:
        self.plans: list[tuple[str, str]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if any(table in sql for table in TABLES):
            with psycopg.ClientCursor(connection.connection) as cursor:
                cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", params)
                self.plans.append((sql, "\n".join(line for (line,) in cursor.fetchall())))
        return execute(sql, params, many, context)

    @property
    def wide(self) -> list[str]:
        """Statements that touch several partitions of one table, with their plans."""
        return [f"{sql}\n\n{plan}" for sql, plan in self.plans if _is_wide(plan)]


def _is_wide(plan: str) -> bool:
    touched = set(_PARTITION.findall(plan))
    return len(touched) > len({table for table, _ in touched})


@contextmanager
def _touching() -> Iterator[Touching]:
    touching = Touching()
    with connection.execute_wrapper(touching):
        yield touching


#: What bob does in a group, where alice has sent ``first`` and ``last``.
CALLS: dict[str, Callable[[Api, dict[str, Any]], Any]] = {
    "read": lambda bob, a: bob.post(f"/messages/{a['last']}/read/"),
    "read at": lambda bob, a: bob.post(f"/messages/{a['last']}/read/", {"at": a["at"]}),
    "read privately": lambda bob, a: bob.post(f"/messages/{a['last']}/read/", {"private": True}),
    "read privately at": lambda bob, a: bob.post(
        f"/messages/{a['last']}/read/", {"private": True, "at": a["at"]}
    ),
    "delivered": lambda bob, a: bob.post(f"/messages/{a['last']}/delivered/"),
    "mark read": lambda bob, a: bob.post(f"{a['group']}/mark-read/"),
    "mark read up to": lambda bob, a: bob.post(
        f"{a['group']}/mark-read/", {"up_to_message": a["first"]}
    ),
    "mark read at": lambda bob, a: bob.post(f"{a['group']}/mark-read/", {"at": a["at"]}),
    "mark read privately": lambda bob, a: bob.post(f"{a['group']}/mark-read/", {"private": True}),
    "mark delivered": lambda bob, a: bob.post(f"{a['group']}/mark-delivered/"),
    "mark unread": lambda bob, a: bob.post(
        f"{a['group']}/mark-unread/", {"from_message": a["first"]}
    ),
    "send": lambda bob, a: bob.post(f"{a['group']}/messages/", {"body": "hi"}, status=201),
    "messages": lambda bob, a: bob.get(f"{a['group']}/messages/"),
    "participants": lambda bob, a: bob.get(f"{a['group']}/participants/"),
    "message": lambda bob, a: bob.get(f"/messages/{a['last']}/"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_in_one_conversation_touches_one_partition_of_each_table(
    api: Any, group: Conversation, alice: User, bob: User, call: str
) -> None:
    """All statements of a request; the conversation of its message is known."""
    first, last = say(alice, group), say(alice, group)
    api(bob).get(f"/messages/{last.pk}/")
    about = {
        "group": f"/conversations/{group.pk}",
        "first": first.pk,
        "last": last.pk,
        "at": (last.created_at + timedelta(microseconds=1)).isoformat(),
    }
    client = api(bob)
    with _touching() as touching:
        CALLS[call](client, about)
    assert touching.plans
    assert touching.wide == []
