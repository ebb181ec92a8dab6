"""Greenlets that work for an event loop: each waits for PostgreSQL alone, and the others go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import OperationalError, connection, transaction

from chat.models import Conversation, User
from chat.sql.prepared import fetch_prepared
from chat.waiting import run_blocking
from config.greenlets import WorkGreenlets
from config.threads import WorkThreads
from tests.support.live import url_of
from tests.support.working import closing, on_a_greenlet, on_greenlets

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PID = "SELECT pg_backend_pid()"
#: Waits for the lock that ``other`` has; not for ever, should nobody release it.
WAIT = "SELECT pg_advisory_xact_lock(7)"
LIMIT = "SET lock_timeout = '20s'"


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Another connection, which keeps a lock."""
    with psycopg.connect(url_of(connection.settings_dict), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(7)")
        yield other


def prepared() -> None:
    fetch_prepared(WAIT, {})


def by_the_driver() -> None:
    with connection.cursor() as cursor:
        cursor.execute(WAIT)


def in_a_transaction() -> None:
    with transaction.atomic():
        assert User.objects.count() == 0
        prepared()


def for_a_thread(go: threading.Event) -> None:
    assert run_blocking(lambda: go.wait(20))


@pytest.mark.parametrize("wait", [prepared, by_the_driver, in_a_transaction])
def test_while_one_waits_for_a_lock_another_releases_it(
    other: psycopg.Connection[Any], wait: Callable[[], None]
) -> None:
    def waits() -> str:
        with connection.cursor() as cursor:
            cursor.execute(LIMIT)
        wait()
        return "waited"

    def releases() -> str:
        other.execute("SELECT pg_advisory_unlock(7)")
        return "released"

    assert on_greenlets(waits, releases) == ["waited", "released"]


def test_while_one_waits_for_something_else_another_goes_on() -> None:
    """As for an identity provider's keys: ``run_blocking`` takes a thread."""
    go = threading.Event()
    on_greenlets(partial(for_a_thread, go), go.set)


def test_what_fails_on_a_thread_fails_on_the_greenlet() -> None:
    def fails() -> None:
        raise LookupError("keys")

    with pytest.raises(LookupError, match="keys"):
        on_a_greenlet(lambda: run_blocking(fails))


def test_a_statement_larger_than_what_a_socket_takes_is_sent_whole() -> None:
    text = "x" * 30_000_000
    assert on_a_greenlet(lambda: fetch_prepared("SELECT length(%(text)s)", {"text": text})) == [
        (len(text),)
    ]


def test_two_at_once_have_a_session_each(other: psycopg.Connection[Any]) -> None:
    def session(release: bool) -> Any:
        [(pid,)] = fetch_prepared(PID, {})
        if release:
            other.execute("SELECT pg_advisory_unlock(7)")
        else:
            fetch_prepared(WAIT, {})
        return pid

    first, second = on_greenlets(partial(session, False), partial(session, True))
    assert first != second


def test_an_open_transaction_is_nobody_elses(
    other: psycopg.Connection[Any], direct: Conversation, group: Conversation
) -> None:
    """One rolls back after it has waited; meanwhile another has committed."""

    def rename(conversation: Conversation) -> None:
        rename = "UPDATE chat_conversation SET title = 'Other' WHERE id = %(id)s"
        fetch_prepared(rename, {"id": conversation.pk})

    def rolls_back() -> None:
        with transaction.atomic():
            rename(direct)
            prepared()
            transaction.set_rollback(True)

    def commits() -> None:
        with transaction.atomic():
            rename(group)
        other.execute("SELECT pg_advisory_unlock(7)")

    on_greenlets(rolls_back, commits)
    assert list(Conversation.objects.filter(title="Other")) == [group]


def test_one_after_the_other_uses_the_same_session() -> None:
    """The last greenlet that was used, also after another loop has ended."""

    async def sessions() -> list[Any]:
        ask = partial(fetch_prepared, PID, {})
        found = [await greenlets.submit(ask).future for _ in range(3)]
        await greenlets.submit(lambda: connection.close()).future
        return [pid for [(pid,)] in found]

    greenlets = WorkGreenlets(8, WorkThreads(1, "aside"))
    for _ in range(2):
        assert len(set(asyncio.run(sessions()))) == 1


def test_who_waits_for_a_greenlet_gets_it_in_turn_or_gives_up() -> None:
    done: list[int] = []
    go = threading.Event()

    async def submitted() -> tuple[int, int]:
        greenlets = WorkGreenlets(1, WorkThreads(1, "aside"))
        jobs = [greenlets.submit(partial(for_a_thread, go))]
        jobs += [greenlets.submit(partial(done.append, number)) for number in (1, 2, 3)]
        jobs[2].cancel()
        counted = greenlets.busy, greenlets.waiting
        go.set()
        await asyncio.wait([job.future for job in jobs], timeout=20)
        return counted

    assert asyncio.run(submitted()) == (1, 3)
    assert done == [1, 3]


def test_a_connection_that_has_ended_is_replaced(other: psycopg.Connection[Any]) -> None:
    def ends() -> None:
        [(pid,)] = fetch_prepared(PID, {})
        other.execute("SELECT pg_terminate_backend(CAST(%s AS int), 10000)", [pid])
        with pytest.raises(OperationalError):
            fetch_prepared(PID, {})

    async def ended_and_used() -> Any:
        greenlets = WorkGreenlets(1, WorkThreads(1, "aside"))
        await greenlets.submit(closing(ends)).future
        return await greenlets.submit(closing(partial(fetch_prepared, "SELECT 1", {}))).future

    assert asyncio.run(ended_and_used()) == [(1,)]


def test_a_wake_up_that_the_loop_loses_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As uvloop does with a socket that has an error: it never calls again."""

    async def submitted() -> Any:
        loop = asyncio.get_running_loop()
        watch, watched = loop.add_reader, []

        def lose_the_first(socket: int, *call: Any) -> None:
            watched.append(socket)
            if len(watched) > 1:
                watch(socket, *call)

        monkeypatch.setattr(loop, "add_reader", lose_the_first)
        greenlets = WorkGreenlets(1, WorkThreads(1, "aside"))
        asked = greenlets.submit(closing(partial(fetch_prepared, "SELECT 1", {}))).future
        return await asyncio.wait_for(asked, 20)

    assert asyncio.run(submitted()) == [(1,)]


def test_the_loop_itself_may_not_use_the_database() -> None:
    """Django's own check is off, since a greenlet may."""

    async def forgets() -> None:
        WorkGreenlets(1, WorkThreads(1, "aside"))
        connection.ensure_connection()

    connection.close()
    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(forgets())
