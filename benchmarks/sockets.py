"""Vendors' WebSockets, by social.plus's protocol: idle ones, latency, and a storm of reads."""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
from collections.abc import Iterator
from datetime import datetime
from statistics import quantiles
from typing import Any

from benchmarks.feed import (
    IDLE,
    IDLE_BESIDE,
    MARKING_SECONDS,
    MARKS_A_SECOND,
    SENDERS,
    Rooms,
    measure_idle,
    post_steadily,
)
from benchmarks.listeners import raise_limit_of_files
from benchmarks.marks_over_http import Client
from benchmarks.processes import running_service
from benchmarks.socket_clients import connected
from benchmarks.world import NAME, World, token_for, token_of
from chat.models import Message
from receipts.models import EventKind, ReceiptEvent

RECIPIENTS = 1_000
#: Seconds to wait for the last push after the last response.
SETTLING = 3


def run() -> None:
    """The goals: at most 25 KB an idle socket; p95 from the mark to the push below 500 ms at 200 a
    second; at most 10 pushes for 1,000 reads of one message, the last one exact."""
    os.environ["GATEWAYS"] = "socialplus"
    raise_limit_of_files()
    world = World(IDLE)
    people = [
        (pk, token_for(f"{NAME}{number}"))
        for number, pk in enumerate((world.sender.pk, *world.recipients))
    ]
    measure_idle("sockets", lambda port, count: connected(_job(port, idle=people[:count])))
    _latency(people)
    _storm()


def _latency(people: list[tuple[int, str]]) -> None:
    rooms, tokens = Rooms(), dict(people)
    marks = list(
        itertools.islice(
            itertools.product(rooms.readers, rooms.messages), MARKS_A_SECOND * MARKING_SECONDS
        )
    )
    requests = [(f"/api/v1/messages/{message}/read/", tokens[reader]) for reader, message in marks]
    loud = [(pk, tokens[pk]) for pk in rooms.senders]
    with (
        running_service() as (port, _),
        connected(_job(port, loud=loud, idle=people[-IDLE_BESIDE:])) as clients,
    ):
        time.sleep(2)
        rate = post_steadily(port, requests, MARKS_A_SECOND)
        time.sleep(SETTLING)
        heard = clients.end()
    first_shown = {
        (message, count): at
        for each in heard
        for at, message, shown in sorted(_counts(each), reverse=True)
        for count in range(shown + 1)
    }
    events = ReceiptEvent.objects.filter(kind=EventKind.RECEIPT_UPDATED).order_by("pk")
    counts: dict[int, int] = {}
    taken = []
    for message, at in events.values_list("first_message", "created_at"):
        assert message is not None
        counts[message] = counts.get(message, 0) + 1
        taken.append((first_shown[message, counts[message]] - _seconds(at)) * 1000)
    assert len(taken) == len(requests), (len(taken), len(requests))
    centiles = quantiles(taken, n=100)
    print(
        f"  latency: {len(taken)} reads at {rate:.0f}/s, {SENDERS} senders and {IDLE_BESIDE} idle"
        f" connected: p50 {centiles[49]:.0f}, p95 {centiles[94]:.0f}, p99 {centiles[98]:.0f},"
        f" longest {max(taken):.0f} ms from the mark's statement to the push that includes it",
        flush=True,
    )


def _storm() -> None:
    world = World(RECIPIENTS)
    (message,) = world.say(1)
    tokens = [token_of(pk) for pk in world.recipients]
    requests = [(f"/api/v1/messages/{message}/read/", number) for number in range(RECIPIENTS)]
    sender = (world.sender.pk, token_for(world.sender.username))
    with running_service() as (port, _), connected(_job(port, loud=[sender])) as clients:
        started = time.monotonic()
        Client(port, tokens).send(requests)
        lasted = time.monotonic() - started
        time.sleep(SETTLING)
        (heard,) = clients.end()
    shown = [count for _, about, count in _counts(heard) if about == message]
    assert shown[-1] == RECIPIENTS == Message.objects.get(pk=message).read_count
    print(
        f"  {RECIPIENTS} reads of one message, each by their own request, in {lasted:.1f} s:"
        f" {len(heard)} pushes; the last is exact",
        flush=True,
    )


# --- social.plus's protocol -----------------------------------------------------------------------


def _job(port: int, **people: list[tuple[int, str]]) -> dict[str, Any]:
    frames = {
        kind: [[_encoded(_connect(pk, token)), _encoded(_subscribe(pk))] for pk, token in some]
        for kind, some in {"loud": [], "idle": [], **people}.items()
    }
    return {"port": port, "path": "/mqtt", "subprotocol": "mqtt", "answers": 2, **frames}


def _encoded(frame: bytes) -> str:
    return base64.b64encode(frame).decode()


def _text(value: str) -> bytes:
    return len(value.encode()).to_bytes(2, "big") + value.encode()


def _packet(kind: int, body: bytes) -> bytes:
    size, length = bytearray(), len(body)
    while True:
        length, rest = divmod(length, 128)
        size.append(rest | (128 if length else 0))
        if not length:
            return bytes([kind]) + bytes(size) + body


def _connect(pk: int, token: str) -> bytes:
    flags = b"\xc0\x00\x3c"  # user name and password, a session that stays, 60 seconds
    body = _text("MQTT") + b"\x04" + flags + _text(f"mqttjs_bench_{pk}_0")
    return _packet(0x10, body + _text(str(pk)) + _text(token))


def _subscribe(pk: int) -> bytes:
    return _packet(0x82, b"\x00\x01" + _text(f"net-1/user/{pk}") + b"\x00")


def _counts(heard: list[tuple[float, bytes]]) -> Iterator[tuple[float, int, int]]:
    """Time, message and number of readers of all markers in these pushes."""
    for at, told in ((at, told) for at, message in heard for told in _published(message)):
        if told["eventType"] == "marker.marked-message":
            for marker in told["data"]["contentMarkers"]:
                if marker["contentId"].isdecimal():
                    yield at, int(marker["contentId"]), marker["readCount"]


def _published(message: bytes) -> Iterator[Any]:
    """The payloads of the packets in one message, which may hold several."""
    while message:
        size, shift, start = 0, 0, 1
        while True:
            size |= (message[start] & 127) << shift
            shift, start = shift + 7, start + 1
            if message[start - 1] < 128:
                break
        packet, message = message[start : start + size], message[start + size :]
        yield json.loads(packet[2 + int.from_bytes(packet[:2], "big") :])


def _seconds(at: datetime) -> float:
    return at.timestamp()
