"""Single marks over HTTP: a real server process, a real client process, every mark a write.

Beside it, in turns: the floor, which is the same mark written by hand (``floor_app.py``), and
Synapse if one is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from benchmarks.ejabberd import running_ejabberds
from benchmarks.processes import metered, postmaster, running_service
from benchmarks.synapse import running_synapse
from benchmarks.timing import ratios, spread
from benchmarks.world import World, token_of
from receipts.models import MessageStatus

RECIPIENTS = 50
MESSAGES = 40
CONNECTIONS = 16
ROUNDS = 4
#: Seconds after which no further round starts.
BUDGET = 100.0
#: Synapse 1.163.2 on PostgreSQL, 16 connections, as measured on a quiet machine of the same kind
#: (median): the reference if none runs here.
SYNAPSE = {"per_second": [137.0], "cpu": [9.4]}

#: Messages and the numbers of their readers, in the order in which they are marked.
Marks = list[tuple[int, int]]
#: Results of one kind of run: a list per figure.
Figures = dict[str, list[float]]


def apart(messages: range) -> Marks:
    """Each recipient starts at a different message: nobody waits for a row lock."""
    count = len(messages)
    return [
        (messages[(step + reader * count // RECIPIENTS) % count], reader)
        for step in range(count)
        for reader in range(RECIPIENTS)
    ]


def together(messages: range) -> Marks:
    """All recipients read the same message, then the next: 16 marks compete for one row."""
    return [(message, reader) for message in messages for reader in range(RECIPIENTS)]


class Client:
    """The load generator, and the processes whose CPU time is measured."""

    def __init__(self, port: int, tokens: list[str], **pids: int | None) -> None:
        self.job = {"host": "127.0.0.1", "port": port, "connections": CONNECTIONS, "tokens": tokens}
        self.pids = {name: pid for name, pid in pids.items() if pid}

    def send(self, requests: Sequence[tuple[Any, ...]], *, status: int = 200) -> dict[str, float]:
        """Send requests of ``benchmarks.load``; figures per request, CPU in milliseconds."""
        return metered(self.pids, len(requests), lambda: self._send(requests, status))

    def _send(self, requests: Sequence[tuple[Any, ...]], status: int) -> dict[str, float]:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.load"],
            input=json.dumps(self.job | {"requests": requests}),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        answer: dict[str, Any] = json.loads(process.stdout)
        assert answer.pop("statuses") == {str(status): len(requests)}, answer
        return answer


def run() -> None:
    """Rounds of 2,000 marks each way and as many repeats; Synapse's receipts in between."""
    world = World(RECIPIENTS)
    world.say(1)
    tokens, database = [token_of(pk) for pk in world.recipients], postmaster()
    found: dict[str, Figures] = defaultdict(lambda: defaultdict(list))

    os.environ["FLOOR_SECRET"] = settings.JWT_SECRET
    with (
        running_service() as (port, pid),
        running_service("benchmarks.floor_app:application", http="httptools", ready="/") as by_hand,
        running_synapse() as synapse,
        running_ejabberds(RECIPIENTS, database) as ejabberds,
    ):
        client = Client(port, tokens, server=pid, database=database)
        floor = Client(by_hand[0], tokens, server=by_hand[1], database=database)

        def mark(
            order: Callable[[range], Marks], client: Client = client, name: str = ""
        ) -> list[tuple[str, int]]:
            messages = world.say(MESSAGES + 2)
            paths = {pk: f"/api/v1/messages/{pk}/read/" for pk in messages}
            client.send([(paths[pk], reader) for pk, reader in apart(messages[MESSAGES:])])
            requests = [(paths[pk], reader) for pk, reader in order(messages[:MESSAGES])]
            note(found[name or order.__name__], client.send(requests))
            read = MessageStatus.objects.filter(read_at__isnull=False)
            assert read.count() == len(messages) * RECIPIENTS
            return requests

        if synapse:
            synapse.gather(RECIPIENTS)
            theirs = Client(synapse.port, synapse.tokens, server=synapse.pid, database=database)
        for rival in ejabberds.values():
            rival(2)
        deadline = time.monotonic() + BUDGET
        for number in range(ROUNDS):
            if number and time.monotonic() > deadline:
                break
            mark(together)
            # Each begins every other round, so that load by others affects both alike.
            if number % 2:
                mark(apart, floor, "floor")
            repeats = mark(apart)
            note(found["repeats"], client.send(repeats))
            if not number % 2:
                mark(apart, floor, "floor")
            if synapse:
                paths = synapse.say(MESSAGES // 2)
                receipts = [(path, reader) for path in paths for reader in range(RECIPIENTS)]
                note(found["Synapse"], theirs.send(receipts))
            for name, rival in ejabberds.items():
                note(found[name], rival(MESSAGES // 2))
    for kind, figures in found.items():
        tell(kind, figures)
    above_floor(found["apart"], found["floor"])
    rounds = len(found["apart"]["cpu"])
    rivals: dict[str, Figures] = {name: found[name] for name in ejabberds}
    if synapse:
        rivals["Synapse"] = found["Synapse"]
    else:
        rivals["Synapse as once measured"] = {key: n * rounds for key, n in SYNAPSE.items()}
    for name, figures in rivals.items():
        for kind in "apart", "together":
            against(kind, found[kind], name, figures)


def note(figures: Figures, answer: dict[str, float]) -> None:
    for name, value in answer.items():
        figures[name].append(value)


def tell(kind: str, figures: Figures) -> None:
    print(
        f"  {kind:10} {spread(figures['per_second'], 0)}/s;"
        f" p50 {spread(figures['p50'], 0)} p95 {spread(figures['p95'], 0)} ms;"
        f" CPU ms server {spread(figures['server'])}"
        f" + database {spread(figures['database']) if 'database' in figures else 'unknown'};"
        f" client {spread(figures['cpu_share'])} cores",
        flush=True,
    )


def above_floor(ours: Figures, by_hand: Figures) -> None:
    """Print what a mark costs as a multiple of the floor: in all, and of each process."""
    parts = {
        name: spread(ratios(ours[key], by_hand[key]))
        for name, key in (("server and database", "cpu"), ("server", "server"),
                          ("database", "database"), ("marks a second", "per_second"))
        if key in ours
    }  # fmt: skip
    told = "; ".join(f"{name} {figure} x" for name, figure in parts.items())
    print(f"  apart / floor, CPU: {told}", flush=True)


def against(kind: str, ours: Figures, name: str, theirs: Figures) -> None:
    """Print receipts per second and CPU per receipt, as ratios to a rival's."""
    print(
        f"  {kind} / {name}: {spread(ratios(ours['per_second'], theirs['per_second']))} x receipts"
        f" a second, {spread(ratios(ours['cpu'], theirs['cpu']))} x CPU",
        flush=True,
    )
