"""The live stream: cost of an idle one, and latency from the commit to the event."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.listeners import listening, raise_limit_of_files
from benchmarks.processes import cpu_seconds, postmaster, running_service
from benchmarks.world import NAME, World, token_for
from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.models import EventKind, ReceiptEvent

IDLE = 5_000
IDLE_SECONDS = 20

SENDERS = 100
READERS = 50
IDLE_BESIDE = 2_000
MARKS_A_SECOND = 200
MARKING_SECONDS = 20


def run() -> None:
    """The goals: at most 20 KB an idle connection; p95 from commit to event below 500 ms."""
    raise_limit_of_files()
    World(IDLE)
    tokens = [token_for(f"{NAME}{number}") for number in range(IDLE + 1)]
    _idle(tokens)
    _latency(tokens)


def _idle(tokens: list[str]) -> None:
    measure_idle("streams", lambda port, count: listening(port, loud=[], idle=tokens[:count]))


def measure_idle(what: str, opened: Callable[[int, int], AbstractContextManager[Any]]) -> None:
    """Memory and CPU of ``IDLE`` connections, which ``opened(port, count)`` opens."""
    with running_service() as (port, pid):
        with opened(port, 200):
            pass  # to warm threads and caches
        time.sleep(2)
        before, started = memory(pid), time.monotonic()
        with opened(port, IDLE):
            connecting = time.monotonic() - started
            used = memory(pid)
            cpu, database = cpu_seconds(pid), cpu_seconds(postmaster() or 0)
            time.sleep(IDLE_SECONDS)
            cpu, database = cpu_seconds(pid) - cpu, cpu_seconds(postmaster() or 0) - database
            later = memory(pid)
    each = [(size - before) / IDLE / 1000 for size in (used, later)]
    print(
        f"  idle: {IDLE} {what} opened in {connecting:.0f} s; {each[0]:.1f} KB each, and"
        f" {each[1]:.1f} KB after {IDLE_SECONDS} s; the process {later / 1e6:.0f} MB;"
        f" CPU server {cpu / IDLE_SECONDS:.1%}, database {database / IDLE_SECONDS:.1%} of a core",
        flush=True,
    )


def _latency(tokens: list[str]) -> None:
    rooms = Rooms()
    names = {pk: f"{NAME}{pk - rooms.first_user}" for pk in rooms.readers}
    requests = [
        (f"/api/v1/messages/{message}/read/", tokens[reader - rooms.first_user])
        for reader, message in itertools.islice(
            itertools.product(rooms.readers, rooms.messages), MARKS_A_SECOND * MARKING_SECONDS
        )
    ]
    loud = [tokens[pk - rooms.first_user] for pk in rooms.senders]
    with (
        running_service() as (port, _),
        listening(port, loud=loud, idle=tokens[-IDLE_BESIDE:]) as listeners,
    ):
        time.sleep(2)
        rate = post_steadily(port, requests, MARKS_A_SECOND)
        time.sleep(2)
        heard = listeners.end()
    when = {
        (told["conversation"], mark["user"]): at
        for at, _, told in heard
        for mark in told.get("marks", ())
    }
    events = ReceiptEvent.objects.filter(kind=EventKind.RECEIPT_UPDATED)
    taken = [
        (when[conversation, names[reader]] - at.timestamp()) * 1000
        for conversation, reader, at in events.values_list(
            "conversation_id", "actor_id", "created_at"
        )
    ]
    assert len(taken) == len(requests), (len(taken), len(requests))
    centiles = quantiles(taken, n=100)
    print(
        f"  latency: {len(taken)} marks at {rate:.0f}/s, {SENDERS} senders and {IDLE_BESIDE} idle"
        f" connected: p50 {centiles[49]:.0f}, p95 {centiles[94]:.0f}, p99 {centiles[98]:.0f},"
        f" longest {max(taken):.0f} ms from the mark's statement to the event",
        flush=True,
    )


class Rooms:
    """One group for each sender, all with the same readers and one message each."""

    def __init__(self) -> None:
        users = list(User.objects.order_by("pk").values_list("pk", flat=True))
        self.first_user = users[0]
        self.senders, self.readers = users[1 : SENDERS + 1], users[-READERS:]
        rooms = Conversation.objects.bulk_create(Conversation(kind="group") for _ in self.senders)
        ConversationParticipant.objects.bulk_create(
            ConversationParticipant(conversation=room, user_id=user)
            for room, sender in zip(rooms, self.senders, strict=True)
            for user in (sender, *self.readers)
        )
        self.messages = [
            services.send_message(
                conversation_id=room.pk, sender=User.objects.get(pk=sender), body="Hello"
            ).message.pk
            for room, sender in zip(rooms, self.senders, strict=True)
        ]


def post_steadily(port: int, requests: Sequence[tuple[str, str]], per_second: float) -> float:
    """Post to each path with its token at a steady rate; return the rate reached, per second."""
    numbers, started = itertools.count(), time.monotonic() + 0.1

    def work() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (number := next(numbers)) < len(requests):
            path, token = requests[number]
            time.sleep(max(0.0, started + number / per_second - time.monotonic()))
            client.request("POST", path, headers={"Authorization": f"Bearer {token}"})
            answer = client.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
        client.close()

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(work) for _ in range(8)]:
            each.result()
    return len(requests) / (time.monotonic() - started)


def memory(pid: int) -> int:
    """Memory of a process (PSS), in bytes."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line[:4] == "Pss:")
