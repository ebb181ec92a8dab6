"""A Seenby for the clients: an empty database of its own, with one server process or two."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.support import ROOT
from tests.support.postgres import running_postgres, stop
from tests.support.serving import PATIENCE, wait_until_ready

#: What the fixtures of all flows are parametrized with.
DATABASES = ("sqlite", "postgresql")


class Server:
    """A server process. When it is started again, it is at the same address."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        port = _lasting_port()
        self.address = f"http://127.0.0.1:{port}"
        self.environment = environment | {"HOST": "127.0.0.1", "PORT": str(port)}
        self.log = log
        self.start()

    def start(self) -> None:
        """Start it, for the first time or after ``kill`` or ``stop``; returns once it answers."""
        with self.log.open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT, env=self.environment, stdout=said, stderr=said,
            )  # fmt: skip
        wait_until_ready(self.process, self.address, self.log)

    def kill(self) -> None:
        """End it at once, as a crash does: it can close nothing and store nothing."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        """End it as operators do."""
        stop(self.process)


class Seenby:
    """A database, a service key with every scope, and the servers on that database."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder
        self.servers: list[Server] = []
        _manage(environment, "migrate", "--verbosity", "0")
        self.key = _manage(environment, "issue_service_key", "clients").strip()

    @cached_property
    def first(self) -> Server:
        return self._served()

    @cached_property
    def second(self) -> Server:
        """Another process on the same database; it runs from when it is first asked for."""
        return self._served()

    @property
    def address(self) -> str:
        """Where the first one is."""
        return self.first.address

    def kill(self) -> None:
        """End the first server at once."""
        self.first.kill()

    def start(self) -> None:
        """Start the first server again."""
        self.first.start()

    def native(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        at: Server | None = None,
    ) -> Any:
        """Ask the native API, by the key or as somebody, at the first server or another one."""
        request = Request(
            f"{(at or self.first).address}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token or self.key}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request, timeout=PATIENCE) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def token(self, username: str) -> str:
        """A token of a user, as their backend has it issued."""
        return self.native("POST", f"/users/{username}/tokens/")["token"]

    def _served(self) -> Server:
        log = self.folder / f"log{len(self.servers)}"
        self.servers.append(Server(self.environment, log))
        return self.servers[-1]


@contextmanager
def running_seenby(database: str, **variables: str) -> Iterator[Seenby]:
    """Serve with all gateways, as ``make run`` does, on SQLite or a real PostgreSQL.

    ``variables`` are further settings: ``CORS_ALLOWED_ORIGINS=site`` for pages of another origin.
    """
    with tempfile.TemporaryDirectory(prefix="seenby-") as folder, _url(database, folder) as url:
        environment = os.environ | {
            "DATABASE_URL": url,
            "DEMO": "1",  # plain HTTP on this machine
            "LOG_LEVEL": "WARNING",
            "THROTTLE_USER_READS": "0",
            "THROTTLE_USER_WRITES": "0",
        }
        running = Seenby(environment | variables, Path(folder))
        try:
            yield running
        finally:
            for server in running.servers:
                server.stop()


@contextmanager
def _url(database: str, folder: str) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/clients.sqlite3"
        return
    with running_postgres() as server:
        yield server.url


def _manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def _lasting_port() -> int:
    """A free port that is free again when its server is down.

    The system gives ports from 32768 on to outgoing connections: a client that tries to reconnect
    could be given the very port it wants to reach, and the server could not have it back.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
