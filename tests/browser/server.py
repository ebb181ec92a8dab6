"""The service in a process of its own, on a free port, with a database of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import free_port
from tests.support import ROOT
from tests.support.postgres import stop
from tests.support.serving import wait_until_ready


class Demo(NamedTuple):
    """A running demo: where it is, the password of ``moderator`` and ``admin``, its database."""

    address: str
    password: str
    database: str


@contextmanager
def running_demo() -> Iterator[Demo]:
    """What ``make run`` runs, with its small lively world."""
    command = [sys.executable, "manage.py", "demo"]
    with _running(command, DEMO="1") as (address, log):
        said = re.search(r"password (\S+)", log.read_text())
        assert said, log.read_text()
        yield Demo(address, said[1], _database_in(log.parent))


@contextmanager
def running_without_demo() -> Iterator[str]:
    """What a production server runs, over plain HTTP since no proxy is before it."""
    command = [sys.executable, "-c", _PRODUCTION]
    with _running(command, DEMO="0", HTTPS="0") as (address, _):
        yield address


_PRODUCTION = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("serve")
"""


def _database_in(folder: str | Path) -> str:
    return f"sqlite:///{folder}/demo.sqlite3"


@contextmanager
def _running(command: list[str], **variables: str) -> Iterator[tuple[str, Path]]:
    """Run a server until the block ends; its address, and the file of what it says."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="seenby-") as folder:
        log = Path(folder) / "log"
        variables |= {
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "DATABASE_URL": _database_in(folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            # Pages call far more often in a test than people do in a minute.
            "THROTTLE_USER_READS": "0",
            "THROTTLE_USER_WRITES": "0",
        }
        with log.open("w") as said:
            server = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | variables, stdout=said, stderr=said
            )
        try:
            wait_until_ready(server, f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}", log
        finally:
            stop(server)
