"""One name, given by two at the same moment: one has it, the other is refused."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from chat.errors import Conflict
from chat.models import Conversation, Message, MessageName, User
from receipts.models import MessageStatus
from tests.support.history import START, Record, import_records
from tests.support.named import say_named
from tests.support.racing import at_once, first_then, wait_until_somebody_waits
from tests.support.random_work import assert_no_drift

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def history(conversation: str, *names: str) -> list[Record]:
    """Messages by Ann to Ben, and Ben has read them all."""
    people: list[Record] = [{"type": "user", "id": name} for name in ("ann", "ben")]
    parts = [
        {"type": "participant", "conversation": conversation, "user": name, "joined_at": START}
        for name in ("ann", "ben")
    ]
    messages = [
        {"type": "message", "id": name, "conversation": conversation, "sender": "ann",
         "sent_at": START + number, "body": conversation}
        for number, name in enumerate(names)
    ]  # fmt: skip
    reads = [
        {"type": "receipt", "message": name, "user": "ben", "read_at": START + 50} for name in names
    ]
    return [*people, {"type": "conversation", "id": conversation}, *parts, *messages, *reads]


def lines_refused(said: list[str]) -> list[str]:
    return [line.partition(": ")[2] for line in said if line.startswith("line ")]


def names_of(conversation: str) -> list[str | None]:
    messages = Message.objects.filter(conversation__external_id=conversation)
    return list(messages.order_by("created_at").values_list("external_id", flat=True))


class Paused:
    """An import that stops for a moment once it has its names, until another one waits."""

    def __init__(self, *names: str) -> None:
        self.names, self.reached = names, Event()

    def run(self) -> list[str]:
        with connection.execute_wrapper(self):
            return import_records(history("first", *self.names))

    def __call__(self, execute: Callable[..., Any], sql: str, *call: Any) -> Any:
        if "INSERT INTO receipts_messagestatus" in sql and not self.reached.is_set():
            self.reached.set()
            wait_until_somebody_waits()
        return execute(sql, *call)


def test_a_message_that_is_sent_meanwhile_keeps_its_name(alice: User, group: Conversation) -> None:
    """The line is refused with what names it; the others of its slice are taken."""
    _, said = first_then(
        lambda: say_named("b", alice, group),
        lambda: import_records(history("tea", "a", "b", "c")),
    )
    assert lines_refused(said) == [
        "id: message b was sent here, not imported",
        "message: message b was sent here, not imported",
    ]
    assert "messages: 2 imported, 0 already existed" in said
    assert "status rows written: 2" in said
    assert names_of("tea") == ["a", "c"]
    assert MessageName.objects.get(pk="b").conversation_id == group.pk
    assert MessageStatus.objects.filter(read_at__isnull=False).count() == 2
    assert_no_drift()


@pytest.mark.one_server  # names are taken in the order of its locks
def test_a_message_that_is_sent_meanwhile_with_a_name_of_the_import_is_a_conflict(
    alice: User, group: Conversation
) -> None:
    paused = Paused("a", "b")

    def send() -> str:
        assert paused.reached.wait(10)
        with pytest.raises(Conflict) as refused:
            say_named("b", alice, group)
        return str(refused.value)

    said, reason = at_once([paused.run, send])
    imported = Message.objects.get(external_id="b")
    assert reason == f"Message {imported.pk} already has this external_id."
    assert lines_refused(said) == []
    assert not Message.objects.filter(conversation=group).exists()
    assert_no_drift()


@pytest.mark.one_server  # names are taken in the order of its locks
def test_of_two_imports_one_has_the_name() -> None:
    paused = Paused("z", "b", "a")

    def second() -> list[str]:
        assert paused.reached.wait(10)
        return import_records(history("second", "a", "b", "y"))

    said = at_once([paused.run, second])
    assert [lines_refused(each) for each in said] == [
        [],
        [
            "id: message a has a different conversation, sender, kind or sent_at"
            " in an earlier import",
            "id: message b has a different conversation, sender, kind or sent_at"
            " in an earlier import",
        ],
    ]
    assert (names_of("first"), names_of("second")) == (["z", "b", "a"], ["y"])
    assert MessageName.objects.count() == 4
    assert_no_drift()


@pytest.mark.citus
def test_of_two_imports_on_several_nodes_either_has_the_name() -> None:
    """Each works on a copy of its own: who writes back second begins again, and is refused."""
    said = at_once(
        [
            lambda: import_records(history("first", "z", "b", "a")),
            lambda: import_records(history("second", "a", "b", "y")),
        ]
    )
    refused = sorted(len(lines_refused(each)) for each in said)
    assert refused == [0, 2]
    assert sorted([*names_of("first"), *names_of("second")]) == ["a", "b", "y", "z"]
    assert MessageName.objects.count() == 4
    assert_no_drift()


def test_the_same_history_twice_at_once_is_imported_once() -> None:
    paused = Paused("a", "b")

    def second() -> list[str]:
        assert paused.reached.wait(10)
        return import_records(history("first", "a", "b", "c"))

    said = at_once([paused.run, second])
    assert [lines_refused(each) for each in said] == [[], []]
    assert names_of("first") == ["a", "b", "c"]
    assert_no_drift()


def test_an_import_that_waits_for_a_name_has_no_later_one(alice: User, group: Conversation) -> None:
    """Rule 22: names are taken last, and in one order, so nobody waits in a circle."""

    begun = Event()

    def send() -> None:
        with transaction.atomic():
            say_named("a", alice, group)
            begun.set()
            wait_until_somebody_waits()
            say_named("z", alice, group)

    def bring_in() -> list[str]:
        assert begun.wait(10)
        return import_records(history("tea", "z", "m", "a"))

    _, said = at_once([send, bring_in])
    assert [line for line in lines_refused(said) if line.startswith("id: ")] == [
        "id: message z was sent here, not imported",
        "id: message a was sent here, not imported",
    ]
    assert names_of("tea") == ["m"]
