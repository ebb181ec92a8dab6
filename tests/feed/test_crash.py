"""The feed and crashes of PostgreSQL: what is committed later is published, whatever was lost.

Transactions that were rolled back need not reach the disk, so a crash forgets their ids and gives
the same ids to later transactions.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Max

from chat.models import Conversation, User
from receipts import services
from receipts.models import ReceiptEvent
from tests.support.cast import say
from tests.support.listening import PATIENCE, Listen
from tests.support.live import Serve, connected_to
from tests.support.postgres import Server, running_postgres

pytestmark = [pytest.mark.one_server, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

#: Transactions that are rolled back before the crash, and messages that are marked after it.
FORGOTTEN, MARKED = 6, 12


@pytest.fixture
def port() -> int:
    """Each test names the server whose stream it opens."""
    return 0


@pytest.fixture(scope="module")
def crashable() -> Iterator[Server]:
    """A PostgreSQL with durable commits that the tests may crash."""
    with running_postgres(durable=True) as server:
        with psycopg.connect(server.url, autocommit=True) as connected:
            # Only commits flush the log: otherwise what a crash forgets would depend on timing.
            connected.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            connected.execute("SELECT pg_reload_conf()")
        yield server


@pytest.fixture
def postgres(crashable: Server) -> Iterator[Server]:
    """The same as the database of this process."""
    host = crashable.url.split("@")[1].split(":")[0].replace("%2F", "/")
    where = {"HOST": host, "NAME": "postgres", "USER": "postgres", "PASSWORD": "", "PORT": 5432}
    with connected_to(**where):
        call_command("migrate", verbosity=0)
        try:
            yield crashable
        finally:
            connection.close()


class Talk:
    """A conversation in which ann has written to fay, who is muted."""

    def __init__(self, api: Callable[..., Any]) -> None:
        number = User.objects.count()  # the tests share a database
        self.ann, self.fay = (User.objects.create_user(f"{who}{number}") for who in ("ann", "fay"))
        self.group: Conversation = services.create_conversation(
            owner=self.ann, participants=[self.fay], kind="group"
        )
        self.messages = [say(self.ann, self.group, str(number)).pk for number in range(MARKED)]
        self.as_ann, self.as_fay = api(self.ann), api(self.fay)
        path = f"/conversations/{self.group.pk}/participants/{self.fay}/"
        self.as_ann.patch(path, {"muted": True})

    def fail(self) -> None:
        """Transactions that take an id and are rolled back."""
        path = f"/conversations/{self.group.pk}/messages/"
        for _ in range(FORGOTTEN):
            assert self.as_fay.post(path, {"body": "no"}, status=403)["code"] == "muted"

    def mark(self) -> None:
        for message in self.messages:
            self.as_fay.post(f"/messages/{message}/read/")


@pytest.fixture
def talk(postgres: Server, api: Callable[..., Any]) -> Talk:
    return Talk(api)


def restart(postgres: Server) -> None:
    """The whole server crashes, and is restarted."""
    connection.close()
    postgres.crash()
    postgres.start()


def lose_a_backend(postgres: Server) -> None:
    """One backend crashes: the server ends all others and recovers, without a restart."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), pg_postmaster_start_time()")
        pid, started = cursor.fetchone()
    with psycopg.connect(postgres.url) as other:
        os.kill(pid, signal.SIGKILL)
        # Until the server notices the death it accepts connections, and ends them later.
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT pg_sleep(%s)", [PATIENCE])
    connection.close()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), psycopg.connect(postgres.url) as answering:
            row = answering.execute("SELECT pg_postmaster_start_time()").fetchone()
            assert row == (started,)
            return
    raise AssertionError("PostgreSQL did not recover.")


CRASHES = pytest.mark.parametrize("crash", [restart, lose_a_backend])


def marked(events: list[Any]) -> list[int]:
    """The messages whose receipts are published, each once."""
    return sorted({each["message"] for event in events for each in event.get("receipts", ())})


Place = tuple[int, int]


def place() -> Place:
    """The next transaction id, without taking it, and the newest event."""
    newest = ReceiptEvent.objects.aggregate(Max("pk"))["pk__max"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())")
        ((xid,),) = cursor.fetchall()
    return int(xid), newest


def reuses_ids(since: Place) -> bool:
    """Whether a later event has an id that was used before; otherwise the test proves nothing."""
    xid, newest = since
    return ReceiptEvent.objects.filter(pk__gt=newest, xid__lt=xid).exists()


@CRASHES
def test_pages_publish_what_reuses_an_id_that_a_crash_forgot(
    postgres: Server, talk: Talk, crash: Callable[[Server], None]
) -> None:
    talk.fail()
    cursor, before = talk.as_ann.get("/events/")["cursor"], place()
    crash(postgres)
    talk.mark()
    assert reuses_ids(before)
    page = talk.as_ann.get(f"/events/?after={cursor}")
    assert marked(page["results"]) == talk.messages


def test_a_row_of_another_cluster_changes_nothing(postgres: Server, talk: Talk) -> None:
    """Its transaction has an id that has not been used here yet."""
    spoilt = ReceiptEvent.objects.filter(actor=talk.ann).earliest("pk")
    ReceiptEvent.objects.filter(pk=spoilt.pk).update(xid=10**15)
    talk.fail()
    cursor, before = talk.as_ann.get("/events/")["cursor"], place()
    lose_a_backend(postgres)
    talk.mark()
    assert reuses_ids(before)
    page = talk.as_ann.get(f"/events/?after={cursor}")
    ReceiptEvent.objects.filter(pk=spoilt.pk).delete()
    assert marked(page["results"]) == talk.messages


@CRASHES
def test_a_page_that_was_cut_short_goes_on_after_a_crash(
    postgres: Server, talk: Talk, crash: Callable[[Server], None]
) -> None:
    """Its cursor contains two positions; neither covers what comes later."""
    cursor = talk.as_ann.get("/events/")["cursor"]
    talk.mark()
    talk.fail()
    page = talk.as_ann.get(f"/events/?after={cursor}&limit=3")
    before = place()
    crash(postgres)
    later = say(talk.ann, talk.group).pk
    talk.as_fay.post(f"/messages/{later}/read/")
    assert reuses_ids(before)
    events = page["results"]
    while page["more"] or not page["results"]:
        page = talk.as_ann.get(f"/events/?after={page['cursor']}&limit=3")
        events += page["results"]
    events += talk.as_ann.get(f"/events/?after={page['cursor']}")["results"]
    assert marked(events) == [*talk.messages, later]


def test_several_crashes_skip_nothing(postgres: Server, talk: Talk) -> None:
    cursor = talk.as_ann.get("/events/")["cursor"]
    for message in talk.messages[:3]:
        talk.fail()
        cursor, before = talk.as_ann.get(f"/events/?after={cursor}")["cursor"], place()
        lose_a_backend(postgres)
        talk.as_fay.post(f"/messages/{message}/read/")
        assert reuses_ids(before)
        page = talk.as_ann.get(f"/events/?after={cursor}")
        assert marked(page["results"]) == [message]


@CRASHES
def test_a_stream_publishes_what_reuses_an_id_that_a_crash_forgot(
    postgres: Server, talk: Talk, serve: Serve, listen: Listen, crash: Callable[[Server], None]
) -> None:
    """Its process keeps a position in memory; a client that reconnects has its own."""
    server = serve(url=postgres.url, EVENTS_HEARTBEAT_SECONDS=1)
    stream, left = (listen(talk.ann, port=server.port) for _ in range(2))
    talk.fail()
    for each in stream, left:
        while not each.block().comments:  # a heartbeat: the position of a poll since then
            pass
    left.close()
    before = place()
    crash(postgres)
    talk.mark()
    assert reuses_ids(before)
    last = say(talk.ann, talk.group).pk
    for each in stream, listen(talk.ann, left.id, port=server.port):
        events = [each.event()]
        while events[-1].get("message", {}).get("id") != last:
            events.append(each.event())
        assert marked(events) == talk.messages
