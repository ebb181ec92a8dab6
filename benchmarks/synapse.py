"""Synapse as a rival: a well-known server, on the same PostgreSQL, with the same client.

Runs only if BENCH_SYNAPSE names a Python that has it (``pip install 'matrix-synapse[postgres]'``).
A receipt there moves one pointer of one member; here it stamps a row and keeps two counts exact.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.processes import free_port
from tests.support.postgres import stop

DATABASE = "bench_synapse"
SECRET = "bench-only"
MATRIX = "/_matrix/client/v3"
UNLIMITED = {"per_second": 1_000_000, "burst_count": 1_000_000}
LIMITS = ["message", "registration", "room_creation"]
JOIN_LIMITS = {"rc_joins": {"local": UNLIMITED}, "rc_joins_per_room": UNLIMITED}
SIGN_IN_LIMITS = {"rc_login": dict.fromkeys(["address", "account", "failed_attempts"], UNLIMITED)}


class Synapse:
    """A running Synapse with one room that has an owner and members."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid
        self.tokens: list[str] = []
        self.room = self.owner = ""

    def gather(self, members: int) -> None:
        """Register an owner and members, who all join one room."""
        self.owner = self._register("owner")
        room = self._call("POST", "/createRoom", self.owner, {"preset": "public_chat"})
        self.room = quote(room["room_id"], safe="")
        for number in range(members):
            token = self._register(f"member{number}")
            self._call("POST", f"/rooms/{self.room}/join", token, {})
            self.tokens.append(token)

    def say(self, count: int) -> list[str]:
        """The owner sends messages; return the paths that mark each of them read."""
        paths = []
        for _ in range(count):
            path = f"/rooms/{self.room}/send/m.room.message/{time.monotonic_ns()}"
            text = {"msgtype": "m.text", "body": "Hello"}
            event = self._call("PUT", path, self.owner, text)["event_id"]
            paths.append(f"{MATRIX}/rooms/{self.room}/receipt/m.read/{quote(event, safe='')}")
        return paths

    def answers(self) -> bool:
        with suppress(OSError):
            return bool(self._call("GET", "/_matrix/client/versions"))
        return False

    def _register(self, name: str) -> str:
        path = "/_synapse/admin/v1/register"
        nonce = self._call("GET", path)["nonce"]
        signed = "\0".join([nonce, name, SECRET, "notadmin"]).encode()
        mac = hmac.new(SECRET.encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": SECRET, "mac": mac}
        token: str = self._call("POST", path, "", body)["access_token"]
        return token

    def _call(self, method: str, path: str, token: str = "", body: Any = None) -> Any:
        path = path if path.startswith("/_") else MATRIX + path
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def running_synapse() -> Iterator[Synapse | None]:
    """Synapse with its defaults except rate limits, in its own database next to ours."""
    python = os.environ.get("BENCH_SYNAPSE")
    if not python:
        yield None
        return
    port = free_port()
    with TemporaryDirectory(prefix="seenby-") as folder, _database() as arguments:
        config = Path(folder, "homeserver.yaml")
        config.write_text(json.dumps(_config(folder, port, arguments)))
        command = [python, "-m", "synapse.app.homeserver", "-c", str(config)]
        quiet: dict[str, Any] = {
            "cwd": folder,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        subprocess.run([*command, "--generate-keys"], check=True, **quiet)
        process = subprocess.Popen(command, **quiet)
        try:
            synapse = Synapse(port, process.pid)
            deadline = time.monotonic() + 60
            while not synapse.answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("Synapse did not start.")
                time.sleep(0.2)
            yield synapse
        finally:
            stop(process)


@contextmanager
def _database() -> Iterator[dict[str, Any]]:
    """An empty database as Synapse requires it, and its connection parameters."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(
            f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"
        )
        try:
            yield {**conninfo_to_dict(url), "dbname": DATABASE, "cp_min": 5, "cp_max": 10}
        finally:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _config(folder: str, port: int, database: dict[str, Any]) -> dict[str, Any]:
    log = Path(folder, "log.yaml")
    log.write_text(json.dumps({"version": 1, "root": {"level": "WARNING"}}))
    return {
        "server_name": "bench.local",
        "listeners": [
            {
                "port": port,
                "type": "http",
                "bind_addresses": ["127.0.0.1"],
                "resources": [{"names": ["client"], "compress": False}],
            }
        ],
        "database": {"name": "psycopg2", "args": database},
        "registration_shared_secret": SECRET,
        "macaroon_secret_key": SECRET,
        "form_secret": SECRET,
        "bcrypt_rounds": 4,
        "signing_key_path": f"{folder}/signing.key",
        "media_store_path": f"{folder}/media",
        "log_config": str(log),
        "report_stats": False,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        **{f"rc_{name}": UNLIMITED for name in LIMITS},
        **JOIN_LIMITS,
        **SIGN_IN_LIMITS,
    }
