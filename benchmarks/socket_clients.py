"""Clients of vendors' WebSockets, thousands in one lean process.

`python -m benchmarks.socket_clients` reads a job from the first line of its input, prints "ready"
when all are connected, and at the end of its input prints what they received, all in JSON. The job
has ``host``, ``port``, ``path``, ``subprotocol``, ``answers``, ``loud`` and ``idle``: the last two
list the frames (base64) of each client, which is ready after as many ``answers``. It connects to
loopback only.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.listeners import AT_ONCE

Heard = list[tuple[float, str]]


class SocketClient(asyncio.Protocol):
    """One connection; ``loud`` ones record what they receive, and when."""

    def __init__(self, job: dict[str, Any], frames: list[str], heard: Heard | None) -> None:
        self.job, self.heard = job, heard
        self.frames = b"".join(_masked(base64.b64decode(frame)) for frame in frames)
        self.data, self.accepted, self.answers = b"", False, 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.transport.write(
            (
                f"GET {self.job['path']} HTTP/1.1\r\n"
                f"Host: {self.job['host']}:{self.job['port']}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Protocol: {self.job['subprotocol']}\r\n"
                f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        now, self.data = time.time(), self.data + data
        if not self.accepted:
            head, found, self.data = self.data.partition(b"\r\n\r\n")
            if not found:
                self.data = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.ready.set_exception(ConnectionError(repr(head[:100])))
                return
            self.accepted = True
            self.transport.write(self.frames)
            self.frames = b""
        while (end := _end(self.data)) is not None:
            start, stop = end
            self.answers += 1
            if self.answers == self.job["answers"]:
                self.ready.set_result(None)
            elif self.answers > self.job["answers"] and self.heard is not None:
                self.heard.append((now, base64.b64encode(self.data[start:stop]).decode()))
            self.data = self.data[stop:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"Closed: {self.data[:100]!r}"))


def _masked(payload: bytes) -> bytes:
    """A binary message of a client, with a mask of zeros."""
    assert len(payload) < 65_536
    short = len(payload) < 126
    size = bytes([128 | len(payload)]) if short else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x82" + size + bytes(4) + payload


def _end(data: bytes) -> tuple[int, int] | None:
    """Where the payload of the first message starts and ends, once it is complete."""
    if len(data) < 2:
        return None
    size, start = data[1], 2
    if size > 125:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start], "big")
    return (start, start + size) if len(data) >= start + size else None


async def run(job: dict[str, Any]) -> None:
    if not ipaddress.ip_address(job["host"]).is_loopback:
        raise SystemExit("Only loopback addresses.")
    loop, places = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)
    heard: list[Heard] = [[] for _ in job["loud"]]

    async def connect(frames: list[str], heard: Heard | None) -> None:
        async with places:
            _, client = await loop.create_connection(
                lambda: SocketClient(job, frames, heard), job["host"], job["port"]
            )
            await client.ready

    await asyncio.gather(
        *(connect(frames, None) for frames in job["idle"]),
        *(connect(frames, each) for frames, each in zip(job["loud"], heard, strict=True)),
    )
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(heard))


class SocketClients:
    """A process of clients, as seen by a benchmark."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def end(self) -> list[list[tuple[float, bytes]]]:
        """What each of the loud ones received after it was ready: time, message."""
        answer, _ = self.process.communicate(timeout=30)
        return [
            [(at, base64.b64decode(message)) for at, message in each] for each in json.loads(answer)
        ]


@contextmanager
def connected(job: dict[str, Any]) -> Iterator[SocketClients]:
    """Open these connections; returns when all are logged in."""
    command = [sys.executable, "-m", "benchmarks.socket_clients"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"host": "127.0.0.1", **job}) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "ready\n":
            raise SystemExit("The sockets could not be opened.")
        yield SocketClients(process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.stdin.readline())))
