"""What changes rows of one conversation says which one, so that a cluster locks on one node.

A statement that looks on all nodes locks in an order of its own: two of them, each within a
transaction, can wait for each other.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.models import Conversation, User
from chat.names import MessageReference
from receipts.upkeep.distributing.tables import BY_CONVERSATION
from tests.support.cast import say

# On SQLite messages are looked up by their ids alone.
pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_CHANGED = re.compile(r"\s*(?:UPDATE|DELETE FROM)\s+\"?(\w+)")
_LOCKED = re.compile(r"\bFROM\s+\"?(\w+).*\bFOR (?:NO KEY )?UPDATE\b", re.DOTALL)


def on_all_nodes(sql: str) -> bool:
    """Whether a statement changes or locks rows of a table, and does not say in which place."""
    found = _CHANGED.match(sql) or _LOCKED.search(sql)
    column = found and BY_CONVERSATION.get(found[1])
    return bool(column) and not re.search(rf"\bWHERE\b.*\b{column}\b", sql, re.DOTALL)


@pytest.fixture
def said(group: Conversation, alice: User, bob: User) -> dict[str, Any]:
    """What the calls name; bob has read a reply to the first message."""
    first = say(alice, group, mark_read=False)
    reply = say(alice, group, thread=MessageReference(number=first.pk))
    return {"group": group.pk, "first": first.pk, "reply": reply.pk}


PEOPLE = "/conversations/{group}/participants/"
#: Calls, of which the last one is looked at: who, method, path and body.
CALLS: dict[str, list[tuple[str, str, str, Any]]] = {
    "role": [("alice", "PATCH", PEOPLE + "bob/", {"role": "admin"})],
    "mute": [("alice", "PATCH", PEOPLE + "bob/", {"muted": True})],
    "ban": [("alice", "PATCH", PEOPLE + "bob/", {"banned": True})],
    "notifications": [("bob", "PATCH", PEOPLE + "bob/", {"notifications": "off"})],
    "leave": [("bob", "DELETE", PEOPLE + "bob/", None)],
    "come back": [
        ("alice", "DELETE", PEOPLE + "bob/", None),
        ("alice", "POST", PEOPLE, {"user": "bob"}),
    ],
    "follow": [("bob", "POST", "/messages/{first}/follow/", None)],
    "unfollow": [
        ("bob", "POST", "/messages/{first}/follow/", None),
        ("bob", "POST", "/messages/{first}/unfollow/", None),
    ],
    "delete": [("alice", "DELETE", "/messages/{reply}/", None)],
    "delete all": [("alice", "DELETE", "/conversations/{group}/", None)],
}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_a_change_in_one_conversation_names_it(
    api: Any, said: dict[str, Any], statements: Any, calls: list[tuple[str, str, str, Any]]
) -> None:
    for who, method, path, body in calls:
        with statements() as counted:
            answer = api(User.objects.get(username=who)).call(method, path.format(**said), body)
        assert answer.status_code < 300, answer.content
    assert any(_CHANGED.match(sql) or sql.lstrip().startswith("INSERT") for sql in counted.sql)
    assert [sql for sql in counted.sql if on_all_nodes(sql)] == []


def test_a_walk_through_all_conversations_names_each(
    api: Any, said: dict[str, Any], statements: Any, bob: User
) -> None:
    api(bob).post(f"/messages/{said['reply']}/read/")
    with statements() as counted:
        api(bob).post("/me/retract-receipts/")
    # What ends the walk is a transaction of its own.
    wide = [sql for sql in counted.sql if on_all_nodes(sql)]
    assert [sql.partition(" WHERE ")[0] for sql in wide] == [
        'UPDATE "chat_conversationparticipant" SET "retracted_up_to" = NULL'
    ]
