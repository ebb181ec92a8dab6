"""A real server on the test's own database."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import uvicorn
from django.conf import settings
from django.db import connection

from config import health
from config.asgi import _sockets, application
from config.protocol import LimitedProtocol
from receipts.feed.hub import hub
from receipts.management.serving import WEBSOCKETS
from tests.support import ROOT
from tests.support.cast import ON_POSTGRES
from tests.support.listening import PATIENCE

# --- The database ---------------------------------------------------------------------------------


@pytest.fixture
def database(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The test's database as a URL that other threads and processes can open.

    An SQLite database in memory is copied to a file. Server threads keep no connection.
    """
    with connected_to(CONN_MAX_AGE=0):
        if ON_POSTGRES:
            yield url_of(connection.settings_dict)
            return
        file = tmp_path / "test.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(file)])
        with connected_to(NAME=str(file)):
            yield f"sqlite:///{file}"


@contextmanager
def connected_to(**other: Any) -> Iterator[None]:
    """Use another database in this process, or the same one with another setting."""
    before, kept = dict(connection.settings_dict), connection.connection
    connection.connection = None
    connection.settings_dict.update(other)
    try:
        yield
    finally:
        if connection.connection is not None:
            connection.connection.close()
        connection.connection = kept
        connection.settings_dict.update(before)


def url_of(database: dict[str, Any]) -> str:
    user = ":".join(quote(database[key]) for key in ("USER", "PASSWORD") if database[key])
    host, port = quote(database["HOST"], safe=""), database["PORT"]
    return f"postgres://{user}@{host}:{port}/{database['NAME']}"


# --- Servers --------------------------------------------------------------------------------------


@contextmanager
def server_thread() -> Iterator[int]:
    """The service in a thread of this process, where a test can change its settings; its port."""
    hub.cache_clear()
    health.readiness.cache_clear()
    # Another test's devices, whose users may have had the same ids.
    _sockets.places.reached.clear()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http=LimitedProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            **WEBSOCKETS,
        )
    )
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=runner.run, args=(server.serve([listener]),))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            loop.call_soon_threadsafe(hub().close)
            server.should_exit = True
            thread.join()
            listener.close()
            hub().looking.shutdown()
            hub.cache_clear()


@pytest.fixture
def port(database: str, settings: Any) -> Iterator[int]:
    """The port of a server in this process."""
    settings.EVENTS_POLL_MS = 20
    with server_thread() as port:
        yield port


class Server:
    """The service in a process of its own."""

    def __init__(self, database: str, log: Path, **environment: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        ours = {"DATABASE_URL": database, "DEMO": "1", "EVENTS_POLL_MS": "20"}
        ours |= {"SECRET_KEY": settings.SECRET_KEY, "LOG_FORMAT": "text", "PORT": str(self.port)}
        command = [sys.executable, "manage.py", "serve"]
        command += ["--workers", str(environment.pop("WORKERS", 1))]
        self.log = log
        with log.open("ab") as written:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | ours | {name: str(value) for name, value in environment.items()},
                stdout=written,
                stderr=written,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def memory(self) -> int:
        """Its private memory in bytes."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        (line,) = (line for line in rollup.splitlines() if line.startswith("Pss:"))
        return int(line.split()[1]) * 1024

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


Serve = Callable[..., Server]


def end_sessions(database: str) -> int:
    """End the sessions of servers whose ``application_name`` is ``served``; how many there were."""
    with psycopg.connect(database, autocommit=True) as other:
        [ended] = other.execute(_END_SESSIONS).fetchone() or [0]
    return int(ended)


_END_SESSIONS = """
    SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'served'"""


@pytest.fixture
def serve(database: str, tmp_path: Path) -> Iterator[Serve]:
    """``serve(EVENTS_POLL_MS=20)`` starts a process and waits until it answers."""
    servers: list[Server] = []

    def serve(wait: bool = True, url: str = database, **environment: Any) -> Server:
        servers.append(Server(url, tmp_path / "server.log", **environment))
        if wait:
            servers[-1].wait_until_ready()
        return servers[-1]

    yield serve
    for each in servers:
        if each.process.poll() is None:
            each.stop(signal.SIGKILL)
