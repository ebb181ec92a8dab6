"""A Seenby of its own for the client: a server in a process, an empty database, its native API."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.postgres import stop

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0  # seconds in which the server has to answer


class Seenby(NamedTuple):
    """A running server, and the key of its application's backend."""

    address: str
    key: str

    def __call__(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """Ask the native API, as the backend unless a user's token is given."""
        request = Request(
            f"{self.address}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token or self.key}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def token(self, username: str) -> str:
        """A token of a user, as their backend has it issued."""
        return self("POST", f"/users/{username}/tokens/")["token"]


@contextmanager
def running_seenby() -> Iterator[Seenby]:
    """Serve on a free port until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="seenby-") as folder:
        environment = os.environ | {
            "DEMO": "1",
            "DATABASE_URL": f"sqlite:///{folder}/seenby.sqlite3",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
        }

        def manage(*arguments: str) -> str:
            command = [sys.executable, "manage.py", *arguments]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            return done.stdout.strip()

        manage("migrate", "--verbosity", "0")
        key = manage("issue_service_key", "backend")
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(server, f"http://127.0.0.1:{port}/readyz/")
            yield Seenby(f"http://127.0.0.1:{port}", key)
        finally:
            stop(server)


def _wait(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(URLError, ConnectionError), urlopen(address, timeout=5):
            return
        time.sleep(0.05)
    raise RuntimeError("The server did not start.")
