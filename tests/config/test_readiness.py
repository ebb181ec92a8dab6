"""Readiness: the database can be written, and asking costs little and never takes long."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client

from config import readiness
from config.readiness import Readiness
from tests.support.cast import ON_POSTGRES
from tests.support.live import Serve
from tests.support.wire import answer_in, raw

PATIENCE = 20


@contextmanager
def failing(message: str) -> Iterator[list[str]]:
    """The database refuses to write, and says why; the statements that it refused."""
    refused: list[str] = []

    def wrapper(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith(("INSERT", "CREATE", "PRAGMA user_version =")):
            refused.append(sql)
            raise OperationalError(message)
        return execute(sql, *args)

    with connection.execute_wrapper(wrapper):
        yield refused


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_not_ready() -> None:
    """Reading goes on there, so it has to be tried."""
    with failing("database or disk is full") as refused:
        answer = Client().get("/readyz/")
    assert (answer.status_code, answer.json()) == (
        503, {"status": "unavailable", "reason": "not writable"},
    )  # fmt: skip
    assert len(refused) == 1
    assert Client().get("/readyz/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_database_that_another_one_is_writing_is_ready() -> None:
    """SQLite locks all of it; PostgreSQL's temporary tables wait for nobody."""
    with failing("database is locked"):
        assert Client().get("/readyz/").status_code == (503 if ON_POSTGRES else 200)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_database_that_may_only_be_read_is_not_ready() -> None:
    """As a standby is, before it is promoted."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answer = Client().get("/readyz/")
        assert (answer.status_code, answer.json()["reason"]) == (503, "not writable")
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_look_leaves_nothing_behind(statements: Any) -> None:
    """No row and no table of ours is touched; it is the same few statements each time."""
    Client().get("/readyz/")
    with statements() as counted:
        for _ in range(3):
            assert Client().get("/readyz/").status_code == 200
    assert len(counted.sql) == 3 * (4 if ON_POSTGRES else 3)
    if ON_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), pg_relation_size('seenby_readiness') FROM seenby_readiness"
            )
            assert cursor.fetchone() == (0, 0)


# --- In the event loop ----------------------------------------------------------------------------


def test_many_probes_are_one_look() -> None:
    """An answer is kept for some seconds, and those that come meanwhile share it."""
    asked: list[int] = []

    async def probe() -> list[str]:
        ready = Readiness(lambda: asked.append(1) or "not writable")  # type: ignore[func-returns-value]
        return [await ready(), *await asyncio.gather(ready(), ready())]

    assert asyncio.run(probe()) == ["not writable"] * 3
    assert asked == [1]


def test_an_answer_is_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT", 0)
    found = iter(["no database", ""])

    async def probe() -> list[str]:
        ready = Readiness(lambda: next(found))
        return [await ready(), await ready()]

    assert asyncio.run(probe()) == ["no database", ""]


def test_a_database_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bounded time, without one more thread for each probe; and it is noticed when it does."""
    monkeypatch.setattr(readiness, "CHECK_TIMEOUT", 0.05)
    answers, asked = threading.Event(), []

    def ask() -> str:
        asked.append(1)
        assert answers.wait(PATIENCE)
        return ""

    async def probe() -> tuple[list[str], str]:
        ready = Readiness(ask)
        late = [await ready() for _ in range(3)]
        answers.set()
        assert ready.asked is not None
        await ready.asked
        return late, await ready()

    assert asyncio.run(probe()) == (["no database"] * 3, "")
    assert 1 <= len(asked) <= 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("HEAD", "/readyz/", 200), ("HEAD", "/healthz/", 200),
     ("GET", "/readyz", 404), ("GET", "/healthz/x", 404)],
)  # fmt: skip
def test_health_is_the_same_address_as_ever(port: int, method: str, path: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(raw(f"{method} {path}", []))
        with client.makefile("rb") as stream:
            assert answer_in(stream, method)[0] == status


# --- The command ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workers", [1, 2])
def test_the_documented_command_has_the_limits(serve: Serve, workers: int) -> None:
    """`manage.py serve`, in a process of its own, also with several workers."""
    server = serve(WORKERS=workers, SERVER_MAX_HEAD_BYTES=2000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 3000)
        answer = client.recv(13)
    server.stop()  # politely: workers outlive a supervisor that is killed
    assert answer == b"HTTP/1.1 431 "


@pytest.mark.parametrize("port", ["0", "65536", "x", "1" * 5000])
def test_a_port_that_is_none_is_named(settings: Any, port: str) -> None:
    settings.PORT = port
    with pytest.raises(CommandError, match="PORT"):
        call_command("serve")
