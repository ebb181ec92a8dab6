"""ejabberd as a rival: an XMPP server, in turns with ours; ``xmpp_client.py`` is its client.

Runs only if BENCH_EJABBERD names the folder of Erlang libraries that Debian's package puts it in. A
receipt there is a chat marker, a message of its own, archived twice, for its reader and for the
message's sender, before the sender's session gets it. It keeps no counts and no state by recipient.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from benchmarks.processes import free_port, metered, running_worker
from benchmarks.xmpp_client import AT_ONCE, HOST

NAME = "bench_ejabberd"
SCHEMA = Path("/usr/share/ejabberd/sql/pg.sql")
#: Debian's modules that see a message, and the two that Debian leaves to us.
MODULES: dict[str, dict[str, Any]] = {
    **{f"mod_{name}": {} for name in ("blocking", "carboncopy", "client_state", "last", "offline")},
    **{f"mod_{name}": {} for name in ("ping", "privacy", "push", "roster", "stream_mgmt")},
    "mod_mam": {"assume_mam_usage": True, "default": "always"},
    "mod_register": {"ip_access": "all"},
}

#: Marks this number of messages read, by every reader; figures per receipt.
Rival = Callable[[int], dict[str, float]]


@contextmanager
def running_ejabberds(readers: int, database: int | None) -> Iterator[dict[str, Rival]]:
    """Rivals by name: on our PostgreSQL, with 16 senders and with one, and on its own Mnesia."""
    rivals: dict[str, Rival] = {}
    with ExitStack() as stack:
        if libraries := os.environ.get("BENCH_EJABBERD"):
            for store, options in ("PostgreSQL", _postgres()), ("Mnesia", _mnesia()):
                server = _running(libraries, stack.enter_context(options))
                port, pid = stack.enter_context(server)
                client = ["-m", "benchmarks.xmpp_client", str(port), str(readers + AT_ONCE)]
                ask = stack.enter_context(running_worker(client, Path.cwd(), {}))
                pids = {"server": pid} | ({"database": database} if database else {})
                name = f"ejabberd on {store}"
                rivals[name] = _marking(ask, pids, readers, AT_ONCE)
                if store == "PostgreSQL":
                    rivals[f"{name}, one sender"] = _marking(ask, pids, readers, 1)
        yield rivals


def _marking(ask: Callable[[str], str], pids: dict[str, int], readers: int, senders: int) -> Rival:
    def mark(messages: int) -> dict[str, float]:
        receipts = [
            (reader, readers + reader % senders, message)
            for message in range(messages)
            for reader in range(readers)
        ]
        job, before = json.dumps(receipts), int(ask("null"))
        answer = metered(pids, len(receipts), lambda: json.loads(ask(job)))
        assert int(ask("null")) - before == 2 * len(receipts)
        return answer

    return mark


@contextmanager
def _running(libraries: str, store: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """One ejabberd without distribution, so without a port mapper either; its port and pid."""
    port = free_port()
    with TemporaryDirectory(prefix="seenby-") as folder:
        config = {
            "hosts": [HOST],
            "loglevel": "warning",
            "listen": [{"port": port, "ip": "127.0.0.1", "module": "ejabberd_c2s"}],
            "registration_timeout": "infinity",
            "modules": MODULES,
        }
        Path(folder, "ejabberd.yml").write_text(json.dumps(config | store))
        environment = {
            "HOME": folder,
            "ERL_LIBS": libraries,
            "EJABBERD_CONFIG_PATH": f"{folder}/ejabberd.yml",
            "EJABBERD_LOG_PATH": f"{folder}/ejabberd.log",
        }
        process = subprocess.Popen(
            ["erl", "-noinput", "-mnesia", "dir", f'"{folder}/mnesia"', "-s", "ejabberd"],
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_open(process, port)
            yield port, process.pid
        finally:
            process.kill()  # nothing of it is kept
            process.wait()


@contextmanager
def _mnesia() -> Iterator[dict[str, Any]]:
    yield {}


@contextmanager
def _postgres() -> Iterator[dict[str, Any]]:
    """A role and an empty database with ejabberd's tables, and the options that name them."""
    url, password = os.environ["DATABASE_URL"], secrets.token_hex()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"DROP ROLE IF EXISTS {NAME}")
        connection.execute(f"CREATE ROLE {NAME} LOGIN PASSWORD '{password}'")
        connection.execute(f"CREATE DATABASE {NAME} OWNER {NAME} TEMPLATE template0")
        try:
            with psycopg.connect(url, dbname=NAME) as theirs:
                theirs.execute(f"SET ROLE {NAME}")
                theirs.execute(SCHEMA.read_text())
            yield {
                "default_db": "sql",
                "sql_type": "pgsql",
                "sql_server": "127.0.0.1",
                "sql_port": connection.info.port,
                "sql_database": NAME,
                "sql_username": NAME,
                "sql_password": password,
            }
        finally:
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
            connection.execute(f"DROP ROLE {NAME}")


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.2)
    raise SystemExit("ejabberd did not start.")
