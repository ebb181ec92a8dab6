"""Short requests over HTTP: on greenlets of the event loop's thread, beside on threads.

Two servers of this version take turns; the other one has ``SERVER_GREENLETS=0``. BENCH_KINDS names
some kinds of requests, comma-separated, instead of all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.marks_over_http import CONNECTIONS, Figures, Marks, apart, note, together
from benchmarks.processes import metered, postmaster, running_service
from benchmarks.timing import ratios, spread
from benchmarks.world import World, token_of

RECIPIENTS, MESSAGES = 10, 200
#: The number of the sender among the callers.
SENDER = RECIPIENTS
WARM_UP = 150
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
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
            for kind, requests_of in _chosen():
                for name in sorted(servers, reverse=bool(number % 2)):
                    port, pid = servers[name]
                    pids = {"server": pid, "database": postmaster() or pid}
                    requests = requests_of(world.say(MESSAGES), world.conversation.pk)
                    # Sessions are new now and then, and plan a statement anew for the first times.
                    first, measured = requests[:WARM_UP], requests[WARM_UP:]
                    _sent(port, tokens, first)
                    send = partial(_sent, port, tokens, measured)
                    figures = metered(pids, len(measured), send)
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


def _chosen() -> Iterator[tuple[str, Callable[[range, int], Requests]]]:
    named = os.environ.get("BENCH_KINDS", "")
    return ((kind, each) for kind, each in KINDS.items() if not named or kind in named.split(","))


class _Figures(dict[str, list[float]]):
    def __missing__(self, name: str) -> list[float]:
        return self.setdefault(name, [])


def _marks(order: Callable[[range], Marks]) -> Callable[[range, int], Requests]:
    def requests(messages: range, _: int) -> Requests:
        of = [(pk, reader) for pk, reader in order(messages) if reader < RECIPIENTS]
        return [("POST", f"messages/{pk}/read/", reader, {}) for pk, reader in of]

    return requests


#: Each kind of request: the requests, for new messages in a conversation.
KINDS: dict[str, Callable[[range, int], Requests]] = {
    "a status": lambda messages, _: [
        ("GET", f"messages/{pk}/status/", SENDER, None) for pk in messages
    ] * 5,
    "a message": lambda messages, _: [("GET", f"messages/{pk}/", 0, None) for pk in messages] * 5,
    "a conversation": lambda _, place: [("GET", f"conversations/{place}/", 0, None)] * 500,
    "a mark": _marks(apart),
    "marks of one message": _marks(together),
    "a bulk mark": lambda _, place: [
        ("POST", f"conversations/{place}/mark-read/", reader, {}) for reader in range(RECIPIENTS)
    ] * 50,
    "a message sent to 10": lambda _, place: [
        ("POST", f"conversations/{place}/messages/", SENDER, {"body": "Hi"})
    ] * 500,
    "a page of recipients": lambda messages, _: [
        ("GET", f"messages/{messages[0]}/recipients/", SENDER, None)
    ] * 500,
}  # fmt: skip


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
