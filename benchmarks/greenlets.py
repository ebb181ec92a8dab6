"""Short requests over HTTP: on greenlets of the event loop's thread, beside on threads.

Two servers of this version take turns; the other one has ``SERVER_GREENLETS=0``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.marks_over_http import CONNECTIONS, Figures, apart, note, together
from benchmarks.processes import metered, postmaster, running_service
from benchmarks.timing import ratios, spread
from benchmarks.world import World, token_of

RECIPIENTS, MESSAGES = 10, 200
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
#: A request: method, path, number of the caller, body.
Requests = Sequence[tuple[str, str, int, Any]]


def run() -> None:
    """Rounds of some hundred to two thousand requests of each kind."""
    world = World(RECIPIENTS)
    tokens = [*(token_of(pk) for pk in world.recipients), token_of(world.sender.pk)]
    found: dict[tuple[str, str], Figures] = {}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(running_service(environment={"SERVER_GREENLETS": str(count)}))
            for name, count in (("greenlets", 8), ("threads", 0))
        }
        for number in range(ROUNDS):
            for name in sorted(servers, reverse=bool(number % 2)):
                port, pid = servers[name]
                pids = {"server": pid, "database": postmaster() or pid}
                for kind, requests in _kinds(world):
                    send = partial(_sent, port, tokens, requests)
                    figures = metered(pids, len(requests), send)
                    note(found.setdefault((kind, name), _Figures()), figures)
    for kind in dict.fromkeys(kind for kind, _ in found):
        ours, theirs = found[kind, "greenlets"], found[kind, "threads"]
        print(f"  {kind:21} CPU ms {spread(ours['cpu'])}, on threads {spread(theirs['cpu'])}")
        told = "; ".join(
            f"{name} {spread(ratios(ours[key], theirs[key]))}"
            for name, key in (("CPU", "cpu"), ("server", "server"), ("database", "database"),
                              ("a second", "per_second"), ("p95", "p95"))
        )  # fmt: skip
        print(f"  {'':21} greenlets / threads: {told}", flush=True)


class _Figures(dict[str, list[float]]):
    def __missing__(self, name: str) -> list[float]:
        return self.setdefault(name, [])


def _kinds(world: World) -> list[tuple[str, Requests]]:
    """Each kind of request, in an order in which what it needs is there."""
    messages, place = world.say(MESSAGES), f"conversations/{world.conversation.pk}/"
    sender, first = RECIPIENTS, f"messages/{messages[0]}/"
    return [
        ("a status", [("GET", f"messages/{pk}/status/", sender, None) for pk in messages] * 5),
        ("a message", [("GET", f"messages/{pk}/", 0, None) for pk in messages] * 5),
        ("a conversation", [("GET", place, reader, None) for reader in range(RECIPIENTS)] * 100),
        ("a mark", _marks(_half(messages, apart))),
        ("marks of one message", _marks(_half(messages, together))),
        ("a bulk mark", [("POST", f"{place}mark-read/", r, {}) for r in range(RECIPIENTS)] * 50),
        ("a message sent to 10", [("POST", f"{place}messages/", sender, {"body": "Hi"})] * 500),
        ("a page of recipients", [("GET", f"{first}recipients/", sender, None)] * 300),
    ]  # fmt: skip


def _marks(of: Sequence[tuple[int, int]]) -> Requests:
    return [("POST", f"messages/{pk}/read/", reader, {}) for pk, reader in of]


def _half(messages: range, order: Any) -> list[tuple[int, int]]:
    half = len(messages) // 2
    of_half = messages[:half] if order is apart else messages[half:]
    return [(pk, reader % RECIPIENTS) for pk, reader in order(of_half) if reader < RECIPIENTS]


def _sent(port: int, tokens: list[str], requests: Requests) -> dict[str, float]:
    job = {"host": "127.0.0.1", "port": port, "connections": CONNECTIONS, "tokens": tokens}
    asked = [(f"/api/v1/{path}", who, body, method) for method, path, who, body in requests]
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job | {"requests": asked}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(process.stdout)
    statuses = answer.pop("statuses")
    assert statuses in ({"200": len(requests)}, {"201": len(requests)}), statuses
    return answer
