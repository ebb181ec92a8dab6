"""Several workers: each endpoint receives each event once and in order, and none waits for others.

They deliver from threads, so these tests need real connections.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection

from chat.models import Conversation, User
from receipts.models import WebhookEndpoint
from receipts.models.webhook import unblemished
from receipts.webhooks import delivering, offering, posting, working
from receipts.webhooks.connections import Line
from receipts.webhooks.delivering import deliver
from receipts.webhooks.working import Worker
from tests.support.cast import hook, say
from tests.support.racing import at_once
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls as often as a test can wait."""
    monkeypatch.setattr(working, "POLL_PAUSE", 0.01)
    monkeypatch.setattr(working, "LONG_PAUSE", 0.02)


@pytest.fixture
def endpoint(receiver: Receiver, service_key: str, group: Conversation) -> WebhookEndpoint:
    return hook("backend", receiver.url)


@contextmanager
def running() -> Iterator[Worker]:
    """A worker, run as the command runs it."""
    worker, failures = Worker(), list[BaseException]()

    def run() -> None:
        try:
            worker.run()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(30)
    assert not thread.is_alive()
    assert failures == []


def eventually(came: Event) -> None:
    assert came.wait(30)


def tell(backend: Receiver, text: str) -> Event:
    """Set when the backend has received a message."""
    came = Event()

    def answer(handler: Any) -> None:
        if text in backend.texts:
            came.set()
        else:
            backend.answers.append(answer)
        handler.send_response(204)
        handler.end_headers()

    backend.answers.append(answer)
    return came


def test_one_round_delivers_what_there_is(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """``--once``: everything, in as many turns as needed, and it reports how much."""
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 1)
    monkeypatch.setattr(delivering, "DELIVERIES_AT_ONCE", 2)
    monkeypatch.setattr(working, "DELIVERIES_AT_ONCE", 2)
    other = hook("backend", receiver.url + "/other")
    receiver.answers.append(500)
    sent = [say(alice, group, f"{number}").body for number in range(5)]
    said = StringIO()
    call_command("deliver_webhooks", once=True, stdout=said)
    paths = [each.path for each in receiver.got]
    assert sorted((paths.count("/hook"), paths.count("/hook/other"))) == [1, 5]
    assert said.getvalue() == "Deliveries: 5.\n"
    whole = max(("/hook", "/hook/other"), key=paths.count)
    assert [t for each in receiver.got if each.path == whole for t in each.texts] == sent
    assert other.pk != endpoint.pk


def test_one_round_goes_on_behind_the_end_of_a_look_in_pages(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A read in pages that an earlier round did not finish ends where that one found the feed."""
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 10)
    sent = [say(alice, group, f"{number}").body for number in range(15)]
    receiver.answers += [204, 500]
    call_command("deliver_webhooks", once=True, stdout=StringIO())
    assert receiver.texts[:10] == sent[:10]
    WebhookEndpoint.objects.update(**unblemished())
    sent += [say(alice, group, f"{number}").body for number in range(15, 300)]
    before = len(receiver.got)
    call_command("deliver_webhooks", once=True, stdout=StringIO())
    assert [text for got in receiver.got[before:] for text in got.texts] == sent[10:]


def test_what_nobody_asked_for_at_the_end_of_a_look_in_pages_holds_up_nothing(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    bob: User, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 1)
    monkeypatch.setattr(delivering, "DELIVERIES_AT_ONCE", 1)
    monkeypatch.setattr(working, "DELIVERIES_AT_ONCE", 1)
    WebhookEndpoint.objects.update(kinds=["receipt.updated"])
    message = say(alice, group).pk
    api(bob).post(f"/messages/{message}/delivered/")
    say(alice, group)
    # One turn, which ends between two pages: before the second message.
    assert [deliver(each) for each in delivering.due()] == [1]
    api(bob).post(f"/messages/{message}/read/")
    call_command("deliver_webhooks", once=True, stdout=StringIO())
    states = [event["marks"][0]["state"] for got in receiver.got for event in got.events]
    assert states == ["delivered", "read"]


def test_one_round_with_nothing_to_do_ends(endpoint: WebhookEndpoint) -> None:
    said = StringIO()
    call_command("deliver_webhooks", once=True, stdout=said)
    assert said.getvalue() == "Deliveries: 0.\n"


def test_signals_are_whose_they_were_afterwards(endpoint: WebhookEndpoint) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    call_command("deliver_webhooks", once=True, stdout=StringIO())
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_one_round_without_a_database_is_an_error(
    service_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(working, "due", gone)
    with pytest.raises(CommandError, match="The database does not answer: the server closed"):
        call_command("deliver_webhooks", once=True)


def test_a_worker_that_ends_leaves_no_connection(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """To no webhook, although they are kept open between deliveries."""
    kept, give_back = [], posting.lines.give_back

    def keep(line: Line) -> None:
        assert line.is_open
        kept.append(line)
        give_back(line)

    monkeypatch.setattr(posting.lines, "give_back", keep)
    say(alice, group)
    call_command("deliver_webhooks", once=True, stdout=StringIO())
    assert [line.is_open for line in kept] == [False]


def test_many_workers_deliver_each_event_once_and_in_order(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """To both endpoints, while messages are sent."""
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 2)
    hook("backend", receiver.url + "/other")
    sent = [f"{number}" for number in range(30)]
    came = [tell(receiver, "29")]
    with running(), running(), running():
        for text in sent:
            say(alice, group, text)
        eventually(came[0])
    call_command("deliver_webhooks", once=True, stdout=StringIO())
    for path in ("/hook", "/hook/other"):
        told = [text for each in receiver.got if each.path == path for text in each.texts]
        assert told == sent


def test_racing_deliveries_of_the_same_news_are_one(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> None:
    """All have seen the events; one claims the endpoint."""
    for number in range(10):
        say(alice, group, f"{number}")
        assert sorted(at_once([lambda: deliver(endpoint)] * 4)) == [0, 0, 0, 1]
    assert receiver.texts == [f"{number}" for number in range(10)]


def test_a_slow_endpoint_holds_up_no_other(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """While one does not answer, another receives its events, including later ones."""
    monkeypatch.setattr(posting, "READ_TIMEOUT", 600)
    monkeypatch.setattr(posting, "LONGEST_REQUEST", 600)
    look, looked = working.due, Event()

    def due() -> Any:
        looked.set()
        return look()

    monkeypatch.setattr(working, "due", due)
    with Receiver() as slow:
        hook("backend", slow.url)
        slow.answers.append(slow.hang)
        with running():
            for text in ("one", "two", "three"):
                came = tell(receiver, text)
                say(alice, group, text)
                eventually(came)
                for _ in range(2):  # the second one has started since
                    looked.clear()
                    eventually(looked)
            assert slow.texts == ["one"]
            slow.over.set()
    assert receiver.texts == ["one", "two", "three"]


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError, ValueError])
def test_a_database_that_goes_away_ends_no_worker(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch, trouble: type[Exception], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Nor does any other error outside the worker; it is logged, with a traceback if unexpected."""
    look, away = working.due, 3

    def due() -> Any:
        nonlocal away
        away -= 1
        if away > 0:
            raise trouble("the server closed the connection")
        return look()

    monkeypatch.setattr(working, "due", due)
    came = tell(receiver, "hello")
    say(alice, group, "hello")
    with running():
        eventually(came)
    logged = [record for record in caplog.records if record.name == "seenby.webhooks"]
    assert [bool(record.exc_info) for record in logged] == [trouble is ValueError] * 2


def test_a_database_that_goes_away_during_a_delivery_ends_no_worker(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A restart breaks all connections. It does not count as a failure of the endpoint."""
    offer, away = delivering.next_offer, 2

    def next_offer(held: WebhookEndpoint) -> Any:
        nonlocal away
        away -= 1
        if away > 0:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return offer(held)

    monkeypatch.setattr(delivering, "next_offer", next_offer)
    monkeypatch.setattr(delivering, "CLAIM", delivering.CLAIM / 1_000)
    came = tell(receiver, "hello")
    say(alice, group, "hello")
    with running():
        eventually(came)
    endpoint.refresh_from_db()
    assert endpoint.failures == 0


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_running_worker(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    name: signal.Signals,
) -> None:  # fmt: skip
    """In a process of its own: it stops cleanly, with exit code 0."""
    came = tell(receiver, "hello")
    say(alice, group, "hello")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "deliver_webhooks"],
        env=os.environ | {"DATABASE_URL": _url(), "WEBHOOKS_ALLOW_PRIVATE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(came)
        process.send_signal(name)
        said, complained = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, complained) == (0, "")
    assert said == "Delivering to webhooks. Ctrl-C or SIGTERM ends it.\n"
    endpoint.refresh_from_db()
    assert (endpoint.claimed_until, endpoint.delivered_at is not None) == (None, True)


def _url() -> str:
    """The test's database, as a URL for another process."""
    place = connection.settings_dict
    host = quote(place["HOST"], safe="")
    user = place["USER"] + (f":{quote(place['PASSWORD'], safe='')}" if place["PASSWORD"] else "")
    port = f":{place['PORT']}" if place["PORT"] else ""
    return f"postgres://{user}@{host}{port}/{place['NAME']}"
