"""Marks as functions, as on Citus: the functions are real, and run on one PostgreSQL.

What is not: that a node is passed them (tests/feed/test_citus.py runs on one that is).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts.ledger import apart, at_once, delegating, stamp
from receipts.ledger.marks import Mark
from receipts.models import ReceiptEvent
from receipts.reads.places import remember
from receipts.reads.selectors import own_row_in_conversation_sql
from receipts.services import single
from receipts.sql.run import execute
from receipts.upkeep.distributing.functions import mark_functions
from tests.support.cast import say
from tests.support.entering import ON_CITUS

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def functions(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All functions of marks, of a process that has just started."""
    delegating._defined.cache_clear()
    if not ON_CITUS:
        for module in (apart, at_once, stamp, single):
            monkeypatch.setattr(module, "is_distributed", lambda: True)
        monkeypatch.setattr(stamp, "keeps_notes", lambda: False)
        for statement in mark_functions():
            if statement.startswith("CREATE FUNCTION"):
                execute(statement)
    yield
    delegating._defined.cache_clear()


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    """Sent a minute ago, and known to this process."""
    message = say(alice, group, sent_at=timezone.now() - timedelta(minutes=1))
    remember(message.pk, group.pk, message.created_at)
    return message


def kinds(conversation: Conversation) -> list[tuple[str, str | None, list[int], bool]]:
    """What has been published, without the message itself: kind, state, messages, an own read."""
    events = ReceiptEvent.objects.filter(conversation=conversation).order_by("id")
    found = events.values_list("kind", "state", "messages", "is_own_read")
    return [event for event in found if event[0] != "message.created"]


def test_a_mark_is_one_call_of_a_function(
    api: Any, group: Conversation, message: Message, bob: User, statements: Any
) -> None:
    call = api(bob)
    call.get("/me/")  # the token is verified once a minute
    delegating._defined(connection.settings_dict["NAME"])
    with statements() as counted:
        row = call.post(f"/messages/{message.pk}/read/")
    [sql] = counted.sql
    assert sql.startswith("SELECT seenby_mark_")
    assert (row["state"], row["seen_at"]) == ("read", row["read_at"])
    assert kinds(group) == [("receipt.updated", "read", [message.pk], True)]
    message = Message.objects.get(pk=message.pk, conversation=group)
    assert (message.delivered_count, message.read_count) == (1, 1)


@pytest.mark.parametrize("path", ["delivered", "read"])
def test_a_repeated_mark_changes_nothing(
    api: Any, group: Conversation, message: Message, bob: User, path: str
) -> None:
    first = api(bob).post(f"/messages/{message.pk}/{path}/")
    published = kinds(group)
    assert api(bob).post(f"/messages/{message.pk}/{path}/") == first
    assert kinds(group) == published


def test_times_and_words_come_back_as_they_were_given(
    api: Any, message: Message, bob: User
) -> None:
    at = (message.created_at + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    body = {"at": at, "content": "Danke, 'ja' 100 %", "private": False}
    row = api(bob).post(f"/messages/{message.pk}/read/", body)
    assert (row["read_at"], row["content"]) == (at, body["content"])


def test_who_is_no_recipient_is_refused(
    api: Any, group: Conversation, message: Message, alice: User
) -> None:
    answer = api(alice).post(f"/messages/{message.pk}/read/", status=403)
    assert answer["code"] == "not_recipient"
    assert kinds(group) == []


def test_a_private_mark_stays_private(
    api: Any, group: Conversation, message: Message, bob: User
) -> None:
    """The function changes nothing; a transaction of several statements does (rule 13)."""
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    row = api(bob).post(f"/messages/{message.pk}/read/")
    assert (row["state"], row["read_at"]) == ("delivered", None)
    assert kinds(group) == [("receipt.updated", "delivered", [message.pk], True)]


def test_a_mark_without_its_function_goes_statement_by_statement(
    api: Any, group: Conversation, message: Message, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade, before ``distribute`` has run again."""
    with monkeypatch.context() as patch:
        patch.setattr(delegating, "_defined", lambda database: frozenset())
        assert api(bob).post(f"/messages/{message.pk}/read/")["state"] == "read"
    assert len(kinds(group)) == 1


def test_every_kind_of_open_mark_has_a_function() -> None:
    """Else some marks would cost ten times as much, and nothing would tell."""
    sql, constants = own_row_in_conversation_sql()
    wishes = [
        single.Wish(read=read, at=at, content=content, private=private)
        for read in (False, True)
        for at in (None, timezone.now())
        for content in ((None, "ok") if read else (None,))
        for private in ((None, False) if read else (None,))
    ]
    for wish in wishes:
        mark: Mark = wish.openly()
        statement = at_once.own_statement(mark, sql, in_one=True)
        made = delegating.function_statements(statement, constants)
        assert made == [], wish
