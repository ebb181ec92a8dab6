"""Single marks over HTTP by one service with other settings, in turns: what each setting costs."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from contextlib import ExitStack

from benchmarks.marks_over_http import MESSAGES, RECIPIENTS, Client, Figures, apart, note
from benchmarks.processes import postmaster, running_service
from benchmarks.timing import ratios, spread
from benchmarks.world import World, token_of

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
#: The settings of each way; the first one is what the others are compared with.
WAYS: dict[str, dict[str, str]] = {
    "as shipped": {},
    "metrics": {"METRICS_ALLOW": "127.0.0.1"},
    "metrics of several workers": {"METRICS_ALLOW": "127.0.0.1", "PROMETHEUS_MULTIPROC_DIR": ""},
    "pool of 8": {"DB_POOL_MAX": "8"},
    "nothing prepared": {"DB_PREPARE": "off"},
}
#: Numbers of those to measure, comma-separated; the first is always measured.
CHOSEN = {0, *map(int, os.environ.get("BENCH_WAYS", "0,1,2,3,4").split(","))}


def run() -> None:
    """Rounds of 2,000 marks, each begun by another way."""
    world = World(RECIPIENTS)
    world.say(1)
    tokens, database = [token_of(pk) for pk in world.recipients], postmaster()
    found: dict[str, Figures] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as running:
        clients = {}
        for way, settings in (each for n, each in enumerate(WAYS.items()) if n in CHOSEN):
            folder = running.enter_context(tempfile.TemporaryDirectory())
            given = {name: value or folder for name, value in settings.items()}
            port, pid = running.enter_context(running_service(environment=given))
            clients[way] = Client(port, tokens, server=pid, database=database)
        names = list(clients)
        for number in range(ROUNDS):
            for place in range(len(names)):
                way = names[(number + place) % len(names)]
                messages = world.say(MESSAGES + 2)
                marks = [(f"/api/v1/messages/{pk}/read/", reader) for pk, reader in apart(messages)]
                warm = 2 * RECIPIENTS
                clients[way].send(marks[:warm])
                note(found[way], clients[way].send(marks[warm:]))
    plain = found[names[0]]
    for way, figures in found.items():
        told = "; ".join(
            f"{what} {spread(figures[key])} ms, {spread(ratios(figures[key], plain[key]))} x"
            for what, key in (("server", "server"), ("both", "cpu"))
        )
        print(f"  {way}: {told}; {spread(figures['per_second'], 0)}/s", flush=True)
