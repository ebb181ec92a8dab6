"""Streams and failures: a client that reconnects misses nothing that was committed."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from chat.models import Conversation, User
from receipts import services
from receipts.ledger.announcing import announce_message
from receipts.models import EventKind
from tests.support.cast import say
from tests.support.listening import EVENTS, PATIENCE, Listen, authorization, call
from tests.support.live import Serve, connected_to
from tests.support.postgres import running_postgres

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("database")]


@pytest.fixture
def port() -> int:
    """Each test names the server that it listens to."""
    return 0


def test_what_is_marked_at_one_server_is_heard_at_another(
    serve: Serve, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    """Several server processes on one database."""
    message = say(alice, group)
    one, other = serve(wait=False), serve(wait=False)
    one.wait_until_ready(), other.wait_until_ready()
    streams = [listen(alice, port=each.port) for each in (one, other)]
    call(one.port, "POST", f"/messages/{message.pk}/read/", bob)
    for stream in streams:
        event = stream.event()
        assert event["receipts"][0]["read_count"] == 1
        assert [mark["user"] for mark in event["marks"]] == ["bob"]


def test_a_server_that_is_killed_between_commit_and_delivery_loses_nothing(
    serve: Serve, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    """Its next poll would have been an hour later."""
    message = say(alice, group)
    server = serve(EVENTS_POLL_MS=3_600_000)
    stream = listen(alice, port=server.port)
    stream.block(), stream.block()
    call(server.port, "POST", f"/messages/{message.pk}/read/", bob)
    server.stop(signal.SIGKILL)
    assert not any(line.startswith(b"event") for line in iter(stream.response.readline, b""))
    stream = listen(alice, stream.id, port=serve().port)
    assert stream.event()["receipts"][0]["read_count"] == 1


def test_a_server_that_is_told_to_end_ends_its_streams(
    serve: Serve, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    """At once, cleanly, and without logged errors; their clients continue elsewhere."""
    server = serve()
    streams = [listen(who, port=server.port) for who in (alice, bob) for _ in range(10)]
    message = say(alice, group)
    assert [stream.messages(message.pk) for stream in streams] == [[message.pk]] * 20
    server.process.send_signal(signal.SIGTERM)
    for stream in streams:
        stream.response.read()  # to a clean end: it raises on any other
    assert server.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    for word in ("Traceback", "ERROR", "error", "Cancel"):
        assert word not in server.log.read_text()


def raw(port: int, who: User | str) -> socket.socket:
    """A client that requests a stream and then has a small receive buffer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", port))
    head = {"Host": "localhost", "Accept": "text/event-stream"} | authorization(who)
    lines = [f"GET {EVENTS} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    received = b""
    while b"\nid: " not in received:
        received += client.recv(4096)
    return client


def test_a_client_that_does_not_read_is_dropped_and_costs_no_memory(
    serve: Serve, listen: Listen, group: Conversation, alice: User, service_key: str
) -> None:
    """While others continue. Each is sent 60 MB."""
    message = say(alice, group, "x" * 10_000)
    server = serve()
    reader = listen(service_key, port=server.port)
    reader.block(), reader.block()
    deaf = raw(server.port, service_key)
    before = server.memory()
    for _ in range(60):
        with transaction.atomic():
            for _ in range(100):
                announce_message(
                    EventKind.MESSAGE_RESTORED, message_id=message.pk, conversation_id=group.pk
                )
        for _ in range(100):
            assert reader.event()["kind"] == "message.restored"
    assert server.memory() - before < 30_000_000
    received = 0
    with suppress(ConnectionError):
        while piece := deaf.recv(1_000_000):
            received += len(piece)
    deaf.close()
    assert received < 20_000_000


@pytest.mark.postgres
@pytest.mark.one_server  # it has a server of its own
def test_the_database_restarts_under_an_open_stream(
    api: Any, serve: Serve, listen: Listen, tmp_path: Path
) -> None:
    """No process ends; the stream continues, and so does a later one, both without a gap.

    While the database is away, a client that connects gets an error at once.
    """
    with running_postgres(durable=True) as postgres:
        host = postgres.url.split("@")[1].split(":")[0].replace("%2F", "/")
        with connected_to(HOST=host, NAME="postgres", USER="postgres", PASSWORD="", PORT="5432"):
            call_command("migrate", verbosity=0)
            alice, bob = (User.objects.create_user(name) for name in ("alice", "bob"))
            direct = services.create_conversation(owner=alice, participants=[bob], kind="direct")
            server = serve(url=postgres.url)
            stream, left = (listen(bob, port=server.port) for _ in range(2))
            first = say(alice, direct)
            assert [each.messages(first.pk) for each in (stream, left)] == [[first.pk]] * 2
            left.close()
            connection.close()

            postgres.crash()
            refused = listen(bob, port=server.port)
            assert refused.status == 503
            assert refused.headers["Content-Type"] == "application/json"
            postgres.start()

            sent = [say(alice, direct).pk for _ in range(3)]
            assert stream.messages(sent[-1]) == sent
            assert server.process.poll() is None
            assert listen(bob, left.id, port=server.port).messages(sent[-1]) == sent
            connection.close()
