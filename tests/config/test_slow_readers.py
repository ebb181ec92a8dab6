"""Clients that do not read what they asked for: they hold no thread, and not for ever."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from chat.authentication import issue_token
from chat.models import Conversation, User
from config import asgi, edge
from config.bridge import WSGIBridge
from config.environ import BLOCK
from config.protocol import LimitedProtocol
from config.wsgi import application
from tests.support.admin import Browser
from tests.support.cast import say
from tests.support.wire import (
    Busy,
    Call,
    Result,
    answer_in,
    answering,
    bridge_to,
    raw,
    uvicorn_with,
)

#: Seconds after which a test fails that waits for a server.
PATIENCE = 20
#: A file of more than a megabyte.
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


def dawdler(port: int, *requests: bytes) -> socket.socket:
    """A client that takes a few bytes of the first answer, and then nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", port))
    connection.sendall(b"".join(requests))
    assert connection.recv(9) == b"HTTP/1.1 "
    return connection


def wait_until_lost(connection: socket.socket) -> None:
    """Until the server has given up this client, which reads nothing meanwhile."""
    poll = select.poll()
    poll.register(connection, 0)  # errors and the end are always told
    assert poll.poll(PATIENCE * 1000), "The server still waits."


# --- Threads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [[], ["Range: bytes=5-1000000"]], ids=["whole", "part"])
def test_eight_who_do_not_read_a_file_stop_nobody(headers: list[str]) -> None:
    """Though there is one thread, and each has asked for twelve of them."""
    with uvicorn_with(bridge_to(application, threads=1)) as port, ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(dawdler(port, raw(f"GET {LARGE}", headers) * 12))
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(raw("GET /healthz/", []))
            with client.makefile("rb") as stream:
                assert answer_in(stream)[0] == 200


def test_who_reads_at_last_gets_all_of_it() -> None:
    """The same bytes in the same order, made by whichever thread is free."""
    with (
        uvicorn_with(bridge_to(application, threads=2)) as port,
        dawdler(port, raw(f"GET {LARGE}", []) * 3) as slow,
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(raw(f"GET {LARGE}", []))
            with client.makefile("rb") as stream:
                expected = answer_in(stream)[2]
        with slow.makefile("rb") as stream:
            stream.readline()
            rest = Rest(b"HTTP/1.1 200 OK\r\n", stream)
            assert [answer_in(rest)[2] for _ in range(3)] == [expected] * 3


class Rest:
    """What is left of a stream, behind something that was read already."""

    def __init__(self, line: bytes, stream: Any) -> None:
        self.lines, self.stream = [line], stream

    def readline(self, *size: int) -> bytes:
        return self.lines.pop() if self.lines else self.stream.readline(*size)

    def read(self, size: int) -> bytes:
        return self.stream.read(size)


def test_an_export_takes_no_thread_while_its_moderator_does_not_read(
    monkeypatch: pytest.MonkeyPatch, database: str, group: Conversation, alice: User,
    moderator: User,
) -> None:  # fmt: skip
    """With one thread, and a database connection that belongs to it."""
    moderator.is_staff = moderator.is_superuser = True
    moderator.save()
    message, mia = say(alice, group), Browser(moderator)
    monkeypatch.setattr("receipts.admin.exporting._PIECE", 1)
    serve = WSGIBridge(application, threads=1, max_waiting=9, max_body=1000)
    monkeypatch.setattr(asgi, "_requests", serve)
    path = f"/admin/chat/message/{message.pk}/recipients.csv"
    cookie = f"sessionid={mia.client.cookies['sessionid'].value}".encode()
    export = Call(path=path, raw_path=path.encode(), headers=[(b"host", b"localhost"),
                                                              (b"cookie", cookie)])  # fmt: skip
    bearer = f"Bearer {issue_token(alice)[0]}".encode()
    mine = Call(path="/api/v1/me/", raw_path=b"/api/v1/me/",
                headers=[(b"host", b"localhost"), (b"authorization", bearer)])  # fmt: skip

    async def both() -> None:
        reads, begun = asyncio.Event(), asyncio.Event()

        async def send(message: Any) -> None:
            export.sent.append(message)
            begun.set()
            await reads.wait()

        export.send = send  # type: ignore[method-assign]
        exporting = asyncio.create_task(export.to(asgi.application))  # type: ignore[arg-type]
        await begun.wait()
        await mine.to(asgi.application)
        reads.set()
        await exporting

    asyncio.run(asyncio.wait_for(both(), PATIENCE))
    assert mine.answer[0] == 200
    assert export.answer[0] == 200
    assert b'\r\n"bob","Bob",' in export.answer[2]
    assert b'\r\n"carol","Carol",' in export.answer[2]
    # As a server that ends would leave it.
    closed = threading.Event()
    serve.pool.do(lambda: (connections_closed(), closed.set()))
    assert closed.wait(PATIENCE)


def connections_closed() -> None:
    from django.db import connections

    connections.close_all()


def test_between_two_pieces_a_stream_has_no_place_in_the_queue() -> None:
    """Others are not refused for it."""

    async def crowd() -> None:
        bridge = bridge_to(answering(Result([b"a", b"b"])), threads=1, max_waiting=0)
        slow, reads, begun = Call(), asyncio.Event(), asyncio.Event()

        async def send(message: Any) -> None:
            slow.sent.append(message)
            begun.set()
            await reads.wait()

        slow.send = send  # type: ignore[method-assign]
        task = asyncio.create_task(slow.to(bridge))  # type: ignore[arg-type]
        await begun.wait()
        bridge.application = answering([b"fine"])
        other = Call()
        await other.to(bridge)
        assert other.answer == (200, {}, b"fine")
        reads.set()
        await task
        assert slow.answer == (200, {}, b"ab")

    asyncio.run(asyncio.wait_for(crowd(), PATIENCE))


def test_a_thread_puts_its_connections_back_around_each_piece() -> None:
    """The next one may be made by another thread, and this one may be idle for long."""
    order: list[Any] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"a", b"b"):
            order.append(piece)
            yield piece

    result = Result(pieces())
    bridge = bridge_to(
        answering(result), threads=1, release=lambda: order.append(threading.get_ident())
    )
    assert Call().alone(bridge).answer == (200, {}, b"ab")
    thread = result.closed_by
    assert order == [thread, b"a", thread, thread, b"b", thread, thread, thread]
    order.clear()
    whole = answering([b"c"], ("Content-Length", "1"))
    assert Call().alone(bridge_to(whole, release=lambda: order.append(1))).sent
    assert order == [1]


def test_a_short_answer_in_pieces_is_sent_whole() -> None:
    """Where its length is known: one thread makes and closes it."""
    result = Result([b"x" * 10_000] * 6)
    call = Call().alone(bridge_to(answering(result, ("Content-Length", "60000"))))
    assert [each["type"] for each in call.sent] == ["http.response.start", "http.response.body"]
    assert len(call.answer[2]) == 60_000 < BLOCK


# --- Time -----------------------------------------------------------------------------------------


def test_who_takes_nothing_of_a_stream_is_disconnected(caplog: pytest.LogCaptureFixture) -> None:
    """And the application is told to end."""
    result = Result(b"x" * 100_000 for _ in iter(int, 1))
    with (
        uvicorn_with(bridge_to(answering(result), patience=0.2)) as port,
        dawdler(port, raw("GET /", [])) as slow,
    ):
        wait_until_lost(slow)
        assert result.closed.wait(PATIENCE)
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


def test_who_takes_a_little_now_and_then_is_disconnected_at_last() -> None:
    """The time for all of an answer, as its client is waited for."""
    result = Result(b"x" for _ in iter(int, 1))
    call, transport = Call(), SimpleNamespace(aborted=0)

    async def send(message: Any) -> None:
        call.sent.append(message)
        await asyncio.sleep(0.02)

    class Cycle:
        def __init__(self) -> None:
            self.transport = SimpleNamespace(abort=self.abort)

        def abort(self) -> None:
            transport.aborted += 1

        async def send(self, message: Any) -> None:
            await send(message)

    call.send = Cycle().send  # type: ignore[method-assign]
    call.alone(bridge_to(answering(result), patience=60, longest=0.3))
    assert result.closed.wait(PATIENCE)
    assert transport.aborted == 1
    assert 1 < len(call.sent) <= 17
    assert all(each.get("more_body", True) for each in call.sent)


@pytest.mark.parametrize("headers", [[], ["Connection: close"]], ids=["kept", "to be closed"])
@pytest.mark.parametrize(("size", "requests"), [(10**7, 1), (400_000, 30)], ids=["one", "many"])
def test_who_takes_nothing_of_a_whole_answer_is_disconnected(
    monkeypatch: pytest.MonkeyPatch, settings: Any, size: int, requests: int, headers: list[str]
) -> None:
    """It waits in memory, by itself or in many small ones."""
    monkeypatch.setattr(edge, "INTERVAL", 0.02)
    settings.SERVER_STALL_SECONDS = 0.2
    whole = answering([b"x" * size], ("Content-Length", str(size)))
    sent = raw("GET /", []) * (requests - 1) + raw("GET /", headers)
    with uvicorn_with(bridge_to(whole)) as port, dawdler(port, sent) as slow:
        wait_until_lost(slow)


class Taking:
    """A connection whose client takes of what is waiting as the test says."""

    def __init__(self) -> None:
        self.connection = LimitedProtocol.__new__(LimitedProtocol)
        self.connection.transport = self  # type: ignore[assignment]
        self.waiting, self.aborted = 0, False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True

    def at(self, now: float, waiting: int) -> bool:
        """Whether it is given up, when so much is waiting."""
        self.waiting = waiting
        self.connection.check(now)
        return self.aborted


def test_who_is_slow_and_steady_is_served(settings: Any) -> None:
    """Until all that waits has been there for too long."""
    settings.SERVER_STALL_SECONDS, settings.SERVER_ANSWER_SECONDS = 30, 300
    client = Taking()
    assert not any(client.at(now, 1000 - now) for now in range(0, 301, 30))
    assert client.at(301, 1)


def test_who_took_everything_begins_anew(settings: Any) -> None:
    settings.SERVER_STALL_SECONDS, settings.SERVER_ANSWER_SECONDS = 30, 300
    client = Taking()
    assert not client.at(0, 5)
    assert not client.at(31, 0)
    assert not client.at(62, 5)
    assert not client.at(92, 5)
    assert client.at(93, 5)


# --- Health ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_health_is_answered_while_all_threads_are_taken(
    monkeypatch: pytest.MonkeyPatch, port: int, path: str
) -> None:
    """And the queue is full: the process is alive, and its database is there."""
    app = Busy()
    monkeypatch.setattr(asgi, "_requests", bridge_to(app, threads=1, max_waiting=1))
    waiting = []
    for _ in range(2):
        waiting.append(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        waiting[-1].sendall(raw("GET /api/v1/me/", []))
    assert app.asked.acquire(timeout=PATIENCE)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(raw("GET /api/v1/me/", []) + raw(f"GET {path}", []))
        with client.makefile("rb") as stream:
            assert answer_in(stream)[0] == 503  # the queue is full
            status, headers, body = answer_in(stream)
    assert (status, body) == (200, b'{"status": "ok"}')
    assert ("x-request-id", "r1") in headers
    app.go.set()
    for each in waiting:
        each.close()
