"""Sends that enter by any node of a cluster: ids grow in the order of arrival (`--leg citus`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction

from chat.models import Conversation, Departure, Message, MessageNumber, User
from config import readiness
from receipts import services
from receipts.services import storing
from receipts.sql import new_ids
from receipts.sql.run import fetch_rows
from tests.support.cast import say
from tests.support.commands import run_fails
from tests.support.distributed import Node, entering_by, nodes
from tests.support.racing import at_once, wait_until_somebody_waits

pytestmark = [pytest.mark.citus, pytest.mark.django_db(transaction=True)]


def sending_by(node: Node, sender: User, room: Conversation) -> Callable[[], Message]:
    """Sends a message through that node, on the connection of the thread that calls it."""

    def send() -> Message:
        with entering_by(node):
            return say(sender, room)

    return send


def ids(room: Conversation) -> list[int]:
    """The messages of a conversation, in the order of their times, which is that of arrival."""
    found = Message.objects.filter(conversation=room).order_by("created_at")
    return list(found.values_list("pk", flat=True))


def test_a_message_by_a_worker_has_an_id_above_all_of_its_conversation(
    group: Conversation, alice: User
) -> None:
    first = say(alice, group).pk
    found = [sending_by(node, alice, group)().pk for node in nodes() * 2]
    last = say(alice, group).pk
    assert [first, *found, last] == sorted({first, *found, last}) == ids(group)


def test_a_worker_really_is_another_way_in(group: Conversation, alice: User) -> None:
    """Of the ids that its own sequence gives."""
    for node in nodes()[1:]:
        with entering_by(node):
            ((own,),) = fetch_rows("SELECT nextval(pg_get_serial_sequence('chat_message', 'id'))")
            assert own > say(alice, group).pk + 2**40


def test_a_leaver_keeps_what_was_sent_before_whichever_way_it_came(
    group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    before, after = [], []
    for node in nodes():
        sending_by(node, bob, direct)()
        before.append(sending_by(node, alice, group)().pk)
    with entering_by(nodes()[1]):
        services.remove_participant(conversation_id=group.pk, user=carol)
    for node in nodes():
        after.append(sending_by(node, alice, group)().pk)
    left = Departure.objects.get(conversation=group, user=carol).up_to
    assert max(before) <= left < min(after)


def test_numbers_count_messages_of_all_ways_in(group: Conversation, alice: User) -> None:
    sent = []
    for node in nodes() * 2:
        sent.append(sending_by(node, alice, group)().pk)
        with entering_by(node):
            assert services.number_messages([group.pk])
    stored = MessageNumber.objects.filter(conversation=group).order_by("number")
    assert list(stored.values_list("number", "message_id")) == list(enumerate(sent, start=1))


@pytest.mark.parametrize(("first", "then"), [(0, 1), (1, 0), (1, 2)])
def test_of_two_sends_at_once_the_later_commit_has_the_higher_id(
    group: Conversation, alice: User, bob: User, first: int, then: int
) -> None:
    """The second one waits for the conversation before it is given an id."""
    found, begun = nodes(), Event()

    def hold() -> int:
        with entering_by(found[first]), transaction.atomic():
            message = say(alice, group)
            begun.set()
            wait_until_somebody_waits()
            return message.pk

    def follow() -> int:
        assert begun.wait(10)
        return sending_by(found[then], bob, group)().pk

    earlier, later = at_once([hold, follow])
    assert ids(group) == [earlier, later] == sorted([earlier, later])


def test_many_sends_at_once_by_all_nodes_are_in_one_order(
    group: Conversation, alice: User, bob: User
) -> None:
    """By times, which each send gets under the lock, too."""

    def some(node: Node, sender: User) -> None:
        with entering_by(node):
            for _ in range(10):
                say(sender, group)

    at_once([partial(some, node, sender) for node in nodes() for sender in (alice, bob)])
    sent = ids(group)
    assert len(sent) == 20 * len(nodes())
    assert sent == sorted(sent)


def test_a_send_that_is_undone_leaves_a_gap_and_no_more(group: Conversation, alice: User) -> None:
    with entering_by(nodes()[1]), suppress(ZeroDivisionError), transaction.atomic():
        say(alice, group)
        raise ZeroDivisionError
    assert ids(group) == []
    sent = [sending_by(node, alice, group)().pk for node in nodes()]
    assert ids(group) == sent == sorted(sent)


def test_ids_go_on_above_those_that_a_worker_has_given(
    group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before there was the function; ``distribute`` sees to it, at the coordinator."""
    coordinator, worker, *_ = nodes()
    with monkeypatch.context() as patch, entering_by(worker):
        patch.setattr(storing, "message_id_sql", lambda: None)
        far = say(alice, group).pk
    with entering_by(coordinator):
        before = say(alice, group).pk
        assert far > before
        assert new_ids.new_id_statements() == [new_ids.GO_ON]
        fetch_rows(new_ids.GO_ON)
        try:
            assert new_ids.new_id_statements() == []
            assert say(alice, group).pk > far
        finally:
            sequence = "pg_get_serial_sequence('chat_message', 'id')"
            fetch_rows(f"SELECT setval({sequence}, %(id)s)", {"id": before})


def test_the_log_of_erasures_is_written_by_any_node(
    group: Conversation, direct: Conversation
) -> None:
    """Its ids are integers, of which a worker has none."""
    services.delete_conversation(conversation_id=group.pk)
    with entering_by(nodes()[1]):
        services.delete_conversation(conversation_id=direct.pk)
    first, second = LogEntry.objects.order_by("pk").values_list("object_id", flat=True)
    assert [first, second] == [str(group.pk), str(direct.pk)]


def test_a_process_at_a_worker_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds which migrations have run."""
    monkeypatch.setattr(readiness, "_migrated", False)
    with entering_by(nodes()[1]):
        assert readiness.trouble(connection) == ""


def test_an_import_is_refused_at_a_worker() -> None:
    with entering_by(nodes()[1]):
        said, error = run_fails("import_history", "-", code=1)
    assert said == []
    assert error.startswith("This is a worker")
