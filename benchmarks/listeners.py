"""Clients of the live stream, thousands in one lean process.

`python -m benchmarks.listeners` reads a job from the first line of its input, prints "ready" when
all are connected, and at the end of its input prints what they received, all in JSON. The job:
``{"host", "port", "loud": [token, ...], "idle": [token, ...]}``. It connects to loopback only.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: At most this many connect at a time.
AT_ONCE = 32
#: Largest line of the listeners' input, in bytes: it holds thousands of tokens.
LONGEST_LINE = 2**24


class Listener(asyncio.Protocol):
    """One stream; ``loud`` ones record what they receive, and when."""

    def __init__(self, head: bytes, heard: list[Any] | None) -> None:
        self.head, self.heard, self.rest = head, heard, b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.head)  # type: ignore[attr-defined]
        self.head = b""

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self.ready.done():
            self.rest += data
            if b"\nid: " not in self.rest:
                return
            data, self.rest = self.rest, b""
            self.ready.set_result(None)
        if self.heard is not None:
            *lines, self.rest = (self.rest + data).split(b"\n")
            told = (line[6:] for line in lines if line.startswith(b"data: "))
            self.heard += [(now, len(each), json.loads(each)) for each in told]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"No stream: {self.rest[:200]!r}"))


async def run(job: dict[str, Any]) -> None:
    if not ipaddress.ip_address(job["host"]).is_loopback:
        raise SystemExit("Only loopback addresses.")
    loop, places, heard = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE), list[Any]()

    async def connect(token: str, heard: list[Any] | None) -> None:
        head = (
            f"GET /api/v1/events/ HTTP/1.1\r\nHost: {job['host']}:{job['port']}\r\n"
            f"Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        async with places:
            _, listener = await loop.create_connection(
                lambda: Listener(head, heard), job["host"], job["port"]
            )
            await listener.ready

    await asyncio.gather(
        *(connect(token, None) for token in job["idle"]),
        *(connect(token, heard) for token in job["loud"]),
    )
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(heard))


class Listeners:
    """A listener process, as seen by a benchmark."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def end(self) -> list[tuple[float, int, dict[str, Any]]]:
        """Everything that the loud ones received: time, bytes, event."""
        answer, _ = self.process.communicate(timeout=30)
        heard: list[tuple[float, int, dict[str, Any]]] = json.loads(answer)
        return heard


@contextmanager
def listening(port: int, *, loud: list[str], idle: list[str] | None = None) -> Iterator[Listeners]:
    """Open these streams; returns when all are open."""
    job = {"host": "127.0.0.1", "port": port, "loud": loud, "idle": idle or []}
    command = [sys.executable, "-m", "benchmarks.listeners"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "ready\n":
            raise SystemExit("The streams could not be opened.")
        yield Listeners(process)
    finally:
        process.kill()
        process.wait()


def raise_limit_of_files() -> None:
    """Raise the limit of open files: each stream needs one in the server and one in the client."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.stdin.readline())))
