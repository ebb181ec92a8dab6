"""The service as a separate process, and the CPU time of processes."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import connection

from receipts.management.serving import PROTOCOL
from tests.support.postgres import free_port, stop

_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running_service(
    application: str = "config.asgi:application",
    *,
    http: str = PROTOCOL,
    ready: str = "/readyz/",
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[int, int]]:
    """One server process, as `make run` starts it, on a free local port; yields port and pid."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--http", http]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    options += ["--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-ping-interval", "0"]
    process = subprocess.Popen(
        [*command, *options, "--log-level", "warning", "--timeout-graceful-shutdown", "3"],
        env={**os.environ, **(environment or {})},
    )
    try:
        wait_until_answering(process, port, ready)
        yield port, process.pid
    finally:
        stop(process)


@contextmanager
def running_worker(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[Callable[[str], str]]:
    """A process that prints ``ready``, and then a line for each line that it reads; call it so."""
    worker = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    into, out = worker.stdin, worker.stdout

    def ask(line: str) -> str:
        print(line, file=into, flush=True)
        return out.readline().strip()

    try:
        assert out.readline() == "ready\n", f"{command[-1]} did not start"
        yield ask
    finally:
        into.close()
        worker.wait(30)


def wait_until_answering(
    process: subprocess.Popen[bytes], port: int, ready: str = "/readyz/"
) -> None:
    """Return as soon as the address ``ready`` is answered with 200."""
    deadline = time.monotonic() + 30
    while not _answers(port, ready):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The service did not start.")
        time.sleep(0.1)


def _answers(port: int, path: str) -> bool:
    with suppress(OSError, http.client.HTTPException):
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        asked.request("GET", path)
        return asked.getresponse().status == 200
    return False


def postmaster() -> int | None:
    """The parent of all PostgreSQL processes, if it runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = _stat(cursor.fetchone()[0])
    return backend[1] if backend and backend[0].startswith("postgres") else None


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its descendants, including ended ones, in seconds."""
    stats = {int(entry.name): _stat(int(entry.name)) for entry in _numbered()}
    wanted, grew = {pid}, True
    while grew:
        found = {child for child, stat in stats.items() if stat and stat[1] in wanted} - wanted
        wanted |= found
        grew = bool(found)
    return sum(stat[2] for pid in wanted if (stat := stats.get(pid)))


def metered(
    pids: Mapping[str, int], count: int, work: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """Do some work; its figures, with the CPU of these processes in milliseconds per piece."""
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    figures = work()
    used = {name: (cpu_seconds(pid) - before[name]) * 1000 / count for name, pid in pids.items()}
    return figures | used | {"cpu": sum(used.values())}


def _numbered() -> Iterator[Path]:
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _stat(pid: int) -> tuple[str, int, float] | None:
    """Name, parent and CPU seconds of a process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return name, int(fields[1]), sum(map(int, fields[11:15])) / _TICKS
