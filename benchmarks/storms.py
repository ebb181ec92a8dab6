"""Many marks at once, as one sender receives them: few, bounded events, the last one exact."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.listeners import listening
from benchmarks.marks_over_http import Client
from benchmarks.processes import running_service
from benchmarks.world import World, client_of, token_for, token_of
from chat.models import Message, Scope, ServiceKey, User

RECIPIENTS = 1_000
#: Reads that a backend reports in one request.
REPORTED_AT_ONCE = 20
BULK = 10_000
#: Seconds to wait for the last event after the last response.
SETTLING = 1.5

Heard = list[tuple[float, int, dict[str, Any]]]


def run() -> None:
    """The goals: at most 10 events for 1,000 reads within a second; at most 5 for a bulk mark."""
    world = World(RECIPIENTS)
    sender = token_for(world.sender.username)
    with running_service() as (port, _):
        (message,) = world.say(1)
        tokens = [token_of(pk) for pk in world.recipients]
        path = f"/api/v1/messages/{message}/read/"
        requests = [(path, number) for number in range(RECIPIENTS)]
        _storm("each by their own request", port, tokens, requests, sender)

        (message,) = world.say(1)
        names = User.objects.filter(pk__in=world.recipients).values_list("username", flat=True)
        marks = [{"message": message, "state": "read", "user": name} for name in names]
        batches = [
            ("/api/v1/receipts/", 0, {"receipts": marks[start : start + REPORTED_AT_ONCE]})
            for start in range(0, RECIPIENTS, REPORTED_AT_ONCE)
        ]
        _storm(f"{REPORTED_AT_ONCE} by each request", port, [_backend()], batches, sender)
    # A process remembers for a minute who a name is, and the next world has others of these names.
    world = World(1)
    with running_service() as (port, _):
        _bulk(world, port, token_for(world.sender.username))


def _backend() -> str:
    backend, _ = User.objects.get_or_create(username="bench-backend", is_service=True)
    return ServiceKey.issue(user=backend, name="backend", scopes=list(Scope.values))


def _storm(how: str, port: int, tokens: list[str], requests: list[Any], sender: str) -> None:
    with listening(port, loud=[sender]) as listeners:
        started = time.monotonic()
        Client(port, tokens).send(requests)
        lasted = time.monotonic() - started
        time.sleep(SETTLING)
        heard = listeners.end()
    (summary,) = heard[-1][2]["receipts"]
    assert summary["read_count"] == RECIPIENTS == Message.objects.get().read_count
    assert sum(mark_count(told) for _, _, told in heard) == RECIPIENTS
    # The client process takes a moment to start.
    between = heard[-1][0] - heard[0][0]
    print(
        f"  {RECIPIENTS} reads of one message, {how}, in {lasted:.1f} s: {_told(heard)},"
        f" within {between:.1f} s; the last is exact",
        flush=True,
    )


def mark_count(told: dict[str, Any]) -> int:
    return len(told["marks"]) + int(told["marks_left_out"])


def _bulk(world: World, port: int, sender: str) -> None:
    world.say(BULK)
    reader = client_of(world.recipients[0])
    with listening(port, loud=[sender]) as listeners:
        path = f"/api/v1/conversations/{world.conversation.pk}/mark-read/"
        started = time.monotonic()
        answer = reader.post(path, content_type="application/json")
        assert answer.json()["marked"] == BULK, answer.content
        lasted = time.monotonic() - started
        time.sleep(SETTLING)
        heard = listeners.end()
    assert sum(mark["count"] for _, _, told in heard for mark in told["marks"]) == BULK
    print(f"  {BULK} messages read by one mark, in {lasted:.1f} s: {_told(heard)}", flush=True)


def _told(heard: Heard) -> str:
    return f"{len(heard)} events, the longest {max(size for _, size, _ in heard)} bytes"
