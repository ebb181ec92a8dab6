"""Single marks over HTTP: a real server process, a real client process, every mark a write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.processes import cpu_seconds, postmaster, running_service
from benchmarks.world import World, token_of
from receipts.models import MessageStatus

RECIPIENTS = 50
MESSAGES = 120
CONNECTIONS = 16
RUNS = 3
#: Synapse 1.163.2, 16 connections to one room, PostgreSQL, on a machine like this: receipts a
#: second, and CPU ms per receipt of server and database (range of its two quiet configurations).
SYNAPSE = {"per second": (137, 166), "CPU ms": (7.6, 9.4)}


def spread_out(messages: range) -> Iterator[tuple[int, int]]:
    """Each recipient walks forward from a message of their own: nobody waits for a row."""
    for step in range(len(messages)):
        for reader in range(RECIPIENTS):
            yield messages[(step + reader * len(messages) // RECIPIENTS) % len(messages)], reader


def storm(messages: range) -> Iterator[tuple[int, int]]:
    """All recipients read the same message at once, then the next: 16 marks want one row."""
    for message in messages:
        for reader in range(RECIPIENTS):
            yield message, reader


def run() -> None:
    """Three runs of each kind; every one marks 6,000 rows, the repeats none."""
    world = World(RECIPIENTS)
    world.say(1)
    database = postmaster()
    tokens = [token_of(pk) for pk in world.recipients]
    with running_service() as (port, server):

        def send(marks: list[tuple[int, int]]) -> dict[str, Any]:
            """The client's answer, with the CPU of server and database per mark."""
            requests = [[f"/api/v1/messages/{m}/read/", reader] for m, reader in marks]
            job = {
                "host": "127.0.0.1",
                "port": port,
                "connections": CONNECTIONS,
                "tokens": tokens,
                "requests": requests,
            }
            pids = {"server": server} | ({"database": database} if database else {})
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            client = subprocess.run(
                [sys.executable, "-m", "benchmarks.load"],
                input=json.dumps(job),
                capture_output=True,
                text=True,
                check=True,
            )
            answer = json.loads(client.stdout)
            assert answer["statuses"] == {"200": len(marks)}, answer
            used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
            return answer | {n: cpu * 1000 / len(marks) for n, cpu in used.items()}

        for number in range(RUNS):
            for kind in (spread_out, storm):
                messages = world.say(MESSAGES)
                send(list(spread_out(messages))[:200])  # warms up the server's threads
                marks = list(kind(messages))[200 if kind is spread_out else 0 :]
                _tell(f"{kind.__name__.replace('_', ' ')}, run {number + 1}", send(marks))
                read = MessageStatus.objects.filter(read_at__isnull=False)
                assert read.count() == MESSAGES * RECIPIENTS
            _tell(f"repeats, run {number + 1}", send(marks[:3_000]))
    print(f"  Synapse: {SYNAPSE}")


def _tell(label: str, answer: dict[str, Any]) -> None:
    cpu = answer["server"] + answer.get("database", 0)
    told = f"{answer['server']:.2f}"
    if "database" in answer:
        told += f" + {answer['database']:.2f} = {cpu:.2f}"
    print(
        f"  {label:34} {answer['per_second']:.0f}/s; p50 {answer['p50']:.1f},"
        f" p95 {answer['p95']:.1f} ms; CPU ms (server + database) {told};"
        f" client {answer['cpu_share']:.0%} of a core",
        flush=True,
    )
