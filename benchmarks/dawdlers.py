"""Malicious clients, all at once, and the latency of others meanwhile.

Eight request twelve large files each and do not read, 300 connections stay half open, and one sends
an endless header. Meanwhile one client requests `/healthz/` and another marks messages.
BENCH_BEFORE names a folder with another version of the service, which is measured in turns.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from statistics import quantiles
from typing import Any

from benchmarks.processes import free_port, wait_until_answering
from benchmarks.world import World, token_of
from tests.support.postgres import stop

DAWDLERS, PIPELINED, HALF_OPEN = 8, 12, 300
#: Limits of the endless header, in bytes and seconds.
MOST_BYTES, SECONDS = 150_000_000, 10.0
RECIPIENTS, MESSAGES, ROUNDS = 10, 60, 2
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


def run() -> None:
    """Each version alone and under attack, in turns."""
    commands = {"now": ([sys.executable, "manage.py", "serve"], os.getcwd())}
    if before := os.environ.get("BENCH_BEFORE"):
        options = ["--host", "127.0.0.1", "--no-access-log", "--log-level", "warning", "--port"]
        old = [sys.executable, "-m", "uvicorn", "config.asgi:application", *options, "PORT"]
        commands["before"] = (old, before)
    world = World(RECIPIENTS)
    tokens = [token_of(pk) for pk in world.recipients]
    for number in range(ROUNDS):
        for name, (command, folder) in list(commands.items())[:: -1 if number % 2 else 1]:
            with _serving(command, folder) as port:
                marks = [(message, token) for message in world.say(MESSAGES) for token in tokens]
                quiet = _others(port, marks[: len(marks) // 3])
                with _attack(port) as attackers:
                    under = _others(port, marks[len(marks) // 3 :])
                for what in ("healthz", "mark"):
                    print(
                        f"  {name:7} {what:8} alone {_centiles(quiet[what])};"
                        f" under attack {_centiles(under[what])}",
                        flush=True,
                    )
                print(f"  {name:7} the endless header got rid of {attackers[0] / 1e6:.1f} MB")


def _centiles(times: list[float]) -> str:
    if len(times) < 2:
        return f"no answer within {SECONDS:.0f} s"
    cut = quantiles(times, n=100)
    return (
        f"p50 {cut[49] * 1000:.1f} p95 {cut[94] * 1000:.1f} longest {max(times) * 1000:.0f} ms"
        f" (n={len(times)})"
    )


def _others(port: int, marks: list[tuple[int, str]]) -> dict[str, list[float]]:
    """Response times in seconds of two ordinary clients, at most until the attack ends."""
    deadline = time.monotonic() + SECONDS
    found: dict[str, list[float]] = {"healthz": [], "mark": []}

    def ask(what: str, requests: Iterator[tuple[str, str, dict[str, str]]]) -> None:
        for method, path, headers in requests:
            if time.monotonic() > deadline:
                return
            began = time.perf_counter()
            connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            with suppress(TimeoutError):
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
            found[what].append(time.perf_counter() - began)
            connection.close()

    healthy = (("GET", "/healthz/", {}) for _ in range(len(marks)))
    reads = (
        ("POST", f"/api/v1/messages/{pk}/read/", {"Authorization": f"Bearer {token}"})
        for pk, token in marks
    )
    threads = [
        threading.Thread(target=ask, args=("healthz", healthy)),
        threading.Thread(target=ask, args=("mark", reads)),
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


@contextmanager
def _attack(port: int) -> Iterator[list[int]]:
    """Run all attackers until the block ends; yields the bytes that the endless header sent."""
    sent, over = [0], threading.Event()
    sockets = [_dawdler(port) for _ in range(DAWDLERS)]
    sockets += [_half_open(port, number) for number in range(HALF_OPEN)]
    endless = threading.Thread(target=_endless, args=(port, sent, over))
    endless.start()
    try:
        yield sent
    finally:
        over.set()
        for each in sockets:
            each.close()
        endless.join()


def _dawdler(port: int) -> socket.socket:
    request = f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    return _connected(port, request * PIPELINED, SO_RCVBUF=2048)


def _half_open(port: int, number: int) -> socket.socket:
    return _connected(port, b"GET /healthz/ HTTP/1.1\r\nHost: loc" if number % 2 else b"")


def _connected(port: int, first: bytes, **options: int) -> socket.socket:
    connection = socket.socket()
    for name, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    connection.settimeout(SECONDS)
    connection.connect(("127.0.0.1", port))
    connection.sendall(first)
    return connection


def _endless(port: int, sent: list[int], over: Any) -> None:
    """Send on one connection until it is closed; do not reconnect."""
    piece = b"a" * 65536
    with suppress(OSError), _connected(port, b"GET / HTTP/1.1\r\nX: ") as connection:
        while sent[0] < MOST_BYTES and not over.is_set():
            connection.sendall(piece)
            sent[0] += len(piece)


@contextmanager
def _serving(command: list[str], folder: str) -> Iterator[int]:
    port = free_port()
    words = [str(port) if word == "PORT" else word for word in command]
    environment = os.environ | {"DB_POOL_MAX": "8", "HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen(words, cwd=folder, env=environment)
    try:
        wait_until_answering(process, port)
        yield port
    finally:
        stop(process)
