"""Short requests over HTTP: on greenlets of the event loop's thread, beside on threads.

Two servers of this version take turns; the other one has ``SERVER_GREENLETS=0``. BENCH_KINDS names
some kinds of requests, comma-separated, instead of all.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from benchmarks.marks_over_http import Client, Figures, Marks, apart, note, together
from benchmarks.processes import postmaster, running_service
from benchmarks.timing import ratios, spread
from benchmarks.world import World, token_of

RECIPIENTS, MESSAGES = 10, 200
#: The number of the sender among the callers.
SENDER = RECIPIENTS
WARM_UP = 150
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
#: Path, number of the caller, body and method, as ``benchmarks.load`` takes them.
Requests = Sequence[tuple[str, int, Any, str]]
API = "/api/v1"
SENDING = "a message sent to 10"


def run() -> None:
    """Rounds of some hundred to two thousand requests of each kind."""
    world = World(RECIPIENTS)
    tokens = [*(token_of(pk) for pk in world.recipients), token_of(world.sender.pk)]
    found: dict[tuple[str, str], Figures] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:

        def client_of(greenlets: int) -> Client:
            service = running_service(environment={"SERVER_GREENLETS": str(greenlets)})
            port, pid = stack.enter_context(service)
            return Client(port, tokens, server=pid, database=postmaster())

        clients = {"greenlets": client_of(8), "threads": client_of(0)}
        for number in range(ROUNDS):
            for kind, requests_of in _chosen():
                for name in sorted(clients, reverse=bool(number % 2)):
                    requests = requests_of(world.say(MESSAGES), world.conversation.pk)
                    status = 201 if kind == SENDING else 200
                    # Sessions are new now and then, and plan a statement anew for the first times.
                    clients[name].send(requests[:WARM_UP], status=status)
                    note(found[kind, name], clients[name].send(requests[WARM_UP:], status=status))
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


def _marks(order: Callable[[range], Marks]) -> Callable[[range, int], Requests]:
    def requests(messages: range, _: int) -> Requests:
        of = [(pk, reader) for pk, reader in order(messages) if reader < RECIPIENTS]
        return [(f"{API}/messages/{pk}/read/", reader, {}, "POST") for pk, reader in of]

    return requests


#: Each kind of request: the requests, for new messages in a conversation.
KINDS: dict[str, Callable[[range, int], Requests]] = {
    "a status": lambda messages, _: [
        (f"{API}/messages/{pk}/status/", SENDER, None, "GET") for pk in messages
    ] * 5,
    "a message": lambda messages, _: [
        (f"{API}/messages/{pk}/", 0, None, "GET") for pk in messages
    ] * 5,
    "a conversation": lambda _, place: [(f"{API}/conversations/{place}/", 0, None, "GET")] * 500,
    "a mark": _marks(apart),
    "marks of one message": _marks(together),
    "a bulk mark": lambda _, place: [
        (f"{API}/conversations/{place}/mark-read/", reader, {}, "POST")
        for reader in range(RECIPIENTS)
    ] * 50,
    SENDING: lambda _, place: [
        (f"{API}/conversations/{place}/messages/", SENDER, {"body": "Hi"}, "POST")
    ] * 500,
    "a page of recipients": lambda messages, _: [
        (f"{API}/messages/{messages[0]}/recipients/", SENDER, None, "GET")
    ] * 500,
}  # fmt: skip
