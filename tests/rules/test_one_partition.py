"""A hot statement names its conversation for each table, so it touches one partition of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from chat.models import Conversation, User
from chat.names import MessageReference
from receipts.reads import places
from tests.support.cast import say
from tests.support.partitions import ON_PARTITIONS, TABLES, partition

pytestmark = [pytest.mark.one_server, pytest.mark.postgres]

_PARTITION = re.compile(rf"({'|'.join(TABLES)})_p(\d+)\b")


_LOCKS = re.compile(r"^ *(UPDATE|DELETE|INSERT)\b|\bFOR (NO KEY )?UPDATE\b")


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

    @property
    def writing_widely(self) -> list[str]:
        """Those of them that lock rows."""
        return [each for each in self.wide if _LOCKS.search(each)]


def _is_wide(plan: str) -> bool:
    touched = set(_PARTITION.findall(plan))
    return len(touched) > len({table for table, _ in touched})


@contextmanager
def _touching() -> Iterator[Touching]:
    touching = Touching()
    with connection.execute_wrapper(touching):
        yield touching


GROUP, FIRST, LAST = "/conversations/{group}", "/messages/{first}", "/messages/{last}"
#: Calls of alice, who has sent two messages to a group and a reply to the first, and of bob: name,
#: method, path and body.
#: ``at`` is a moment after the last message.
CALLS: list[tuple[str, str, str, str, dict[str, Any] | None]] = [
    ("bob", "read", "POST", LAST + "/read/", None),
    ("bob", "read at", "POST", LAST + "/read/", {"at": "{at}"}),
    ("bob", "read privately", "POST", LAST + "/read/", {"private": True}),
    ("bob", "read privately at", "POST", LAST + "/read/", {"private": True, "at": "{at}"}),
    ("bob", "delivered", "POST", LAST + "/delivered/", None),
    ("bob", "mark read", "POST", GROUP + "/mark-read/", None),
    ("bob", "mark read at", "POST", GROUP + "/mark-read/", {"at": "{at}"}),
    ("bob", "mark read up to", "POST", GROUP + "/mark-read/", {"up_to_message": "{first}"}),
    ("bob", "mark read privately", "POST", GROUP + "/mark-read/", {"private": True}),
    ("bob", "mark delivered", "POST", GROUP + "/mark-delivered/", None),
    ("bob", "mark unread", "POST", GROUP + "/mark-unread/", {"from_message": "{first}"}),
    ("bob", "send", "POST", GROUP + "/messages/", {"body": "hi"}),
    ("bob", "reply", "POST", GROUP + "/messages/", {"body": "hi", "thread": "{first}"}),
    ("bob", "mark main line", "POST", GROUP + "/mark-read/", {"thread": "main"}),
    ("bob", "mark thread", "POST", GROUP + "/mark-read/", {"thread": "{first}"}),
    ("bob", "deliver thread", "POST", GROUP + "/mark-delivered/", {"thread": "{first}"}),
    ("bob", "threads", "GET", GROUP + "/threads/", None),
    ("bob", "unread threads", "GET", GROUP + "/threads/?unread=true", None),
    ("bob", "follow", "POST", FIRST + "/follow/", None),
    ("bob", "unfollow", "POST", FIRST + "/unfollow/", None),
    ("alice", "delete reply", "DELETE", "/messages/{reply}/", None),
    ("bob", "messages", "GET", GROUP + "/messages/", None),
    ("bob", "participants", "GET", GROUP + "/participants/", None),
    ("bob", "message", "GET", LAST + "/", None),
    ("alice", "summary", "GET", FIRST + "/status/", None),
    ("alice", "recipients", "GET", FIRST + "/recipients/", None),
    ("alice", "edit", "PATCH", LAST + "/", {"body": "bye"}),
    ("alice", "delete", "DELETE", LAST + "/", None),
]


@pytest.fixture
def about(group: Conversation, alice: User) -> dict[str, Any]:
    """What the calls name."""
    first = say(alice, group)
    reply = say(alice, group, thread=MessageReference(number=first.pk))
    last = say(alice, group)
    at = (last.created_at + timedelta(microseconds=1)).isoformat()
    ids = {"first": first.pk, "reply": reply.pk, "last": last.pk}
    return {"group": group.pk, "at": at, **ids}


def _given(body: dict[str, Any] | None, about: dict[str, Any]) -> dict[str, Any] | None:
    """The body, with what the call names: ``{first}`` is an id."""
    names = {f"{{{name}}}": value for name, value in about.items()}
    return body and {field: names.get(value, value) for field, value in body.items()}


@pytest.mark.parametrize(("who", "name", "method", "path", "body"), CALLS, ids=lambda each: None)
def test_a_call_in_one_conversation_touches_one_partition_of_each_table(
    api: Any,
    about: dict[str, Any],
    who: str,
    name: str,
    method: str,
    path: str,
    body: dict[str, Any] | None,
) -> None:
    """All statements of a request; the process knows in which conversation the message stands."""
    client = api(User.objects.get(username=who))
    with _touching() as touching:
        answer = client.call(method, path.format(**about), _given(body, about))
    assert answer.status_code < 300, answer.content
    assert touching.plans
    assert touching.wide == [], name


def test_the_conversation_of_a_message_is_looked_up_once(
    api: Any, about: dict[str, Any], bob: User, carol: User
) -> None:
    """By the statement that marks: none is spent on it."""
    places._places.clear()
    found = []
    for reader in (bob, carol):
        client = api(reader)
        with _touching() as touching:
            client.post(f"/messages/{about['last']}/read/")
        found.append((len(touching.plans), len(touching.wide)))
    assert found == [(1, 1), (1, 0)]


def test_a_walk_through_all_conversations_locks_rows_of_one_at_a_time(
    api: Any, about: dict[str, Any], bob: User, direct: Conversation
) -> None:
    """A statement on several partitions locks in an order of its own."""
    client = api(bob)
    client.post(f"/messages/{about['last']}/read/")
    with _touching() as touching:
        client.post("/me/retract-receipts/")
    assert touching.plans
    assert touching.writing_widely == []


def test_a_deleted_conversation_locks_rows_of_one_partition_of_each_table(
    api: Any, about: dict[str, Any], service_key: str, bob: User
) -> None:
    api(bob).post(f"/messages/{about['last']}/read/")
    with _touching() as touching:
        api(service_key).delete(GROUP.format(**about) + "/", status=200)
    assert not Conversation.objects.exists()
    assert touching.writing_widely == []
