"""A Seenby in a process of its own, for the clients: on a free port, with an empty database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from benchmarks.processes import free_port
from tests.support import ROOT
from tests.support.postgres import running_postgres, stop
from tests.support.serving import PATIENCE, wait_until_ready

DATABASES = ("sqlite", "postgresql")


class Seenby(NamedTuple):
    """Where it is, and a service key with every scope."""

    address: str
    key: str

    def native(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Ask the native API, by the key or as somebody."""
        request = Request(
            f"{self.address}/api/v1{path}",
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


@contextmanager
def running_seenby(database: str) -> Iterator[Seenby]:
    """Serve with all gateways, as ``make run`` does, on SQLite or a real PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="seenby-") as folder, _url(database, folder) as url:
        environment = os.environ | {
            "DATABASE_URL": url,
            "DEMO": "1",  # plain HTTP on this machine
            "LOG_LEVEL": "WARNING",
            "THROTTLE_USER_READS": "0",
            "THROTTLE_USER_WRITES": "0",
        }
        _manage(environment, "migrate", "--verbosity", "0")
        key = _manage(environment, "issue_service_key", "clients").strip()
        port = free_port()
        log = Path(folder) / "log"
        with log.open("w") as said:
            server = subprocess.Popen(
                [sys.executable, "manage.py", "serve"], stdout=said, stderr=said,
                cwd=ROOT, env=environment | {"HOST": "127.0.0.1", "PORT": str(port)},
            )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(server, address, log)
            yield Seenby(address, key)
        finally:
            stop(server)


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
