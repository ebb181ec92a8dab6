"""Memory under bad requests: growth of one process over 18,000 of them, after the first 2,000."""

from __future__ import annotations

import http.client
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import yaml

from benchmarks.processes import cpu_seconds, running_service
from benchmarks.world import NAME, World
from chat.models import Scope, ServiceKey, User

FIRST, ALL = 2_000, 20_000
GOAL = 30_000_000
CLIENTS = 8
#: One in this many requests has nearly the largest accepted body: half a million numbers.
HUGE = 1_000
LARGEST = b"[" + b"1," * 480_000 + b"1]"

DOCUMENTS = sorted((Path(__file__).parents[1] / "docs").glob("openapi*.yaml"))

Request = tuple[str, str, dict[str, str], bytes]


def run() -> None:
    """The goal: within 30 MB of the size after the first 2,000."""
    World(5)
    backend = User.objects.create(username=f"{NAME}backend", password="!", is_service=True)
    key = ServiceKey.issue(user=backend, name=NAME, scopes=list(Scope.values))
    requests, statuses = bad_requests(key), Counter[int]()
    with running_service() as (port, pid):
        started = time.monotonic()
        sizes, cpu = [], cpu_seconds(pid)
        for until in (FIRST, ALL):
            statuses += post(port, list(itertools.islice(requests, until - sum(statuses.values()))))
            sizes.append(resident(pid))
        cpu = cpu_seconds(pid) - cpu
    grown = sizes[1] - sizes[0]
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(
        f"  {ALL} bad requests in {time.monotonic() - started:.0f} s, CPU {cpu:.0f} s: the process"
        f" has {sizes[0] / 1e6:.0f} MB after {FIRST}, {sizes[1] / 1e6:.0f} MB after all:"
        f" {grown / 1e6:+.0f} MB ({'met' if grown <= GOAL else 'NOT met'}); {answers}",
        flush=True,
    )


def resident(pid: int) -> int:
    """Resident memory of a process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if "VmRSS" in line)


def post(port: int, requests: list[Request]) -> Counter[int]:
    """Send the requests over a few connections; return how many responses had each status."""
    numbers, statuses = itertools.count(), Counter[int]()

    def work() -> list[int]:
        client, seen = http.client.HTTPConnection("127.0.0.1", port, timeout=120), list[int]()
        while (number := next(numbers)) < len(requests):
            method, address, headers, body = requests[number]
            client.request(method, address, body, headers)
            answer = client.getresponse()
            answer.read()
            seen.append(answer.status)
        client.close()
        return seen

    with ThreadPoolExecutor(CLIENTS) as pool:
        for each in [pool.submit(work) for _ in range(CLIENTS)]:
            statuses.update(each.result())
    return statuses


# --- The requests ---------------------------------------------------------------------------------


def bad_requests(key: str) -> Iterator[Request]:
    """Every operation of every document in turn, each time with a different fault."""
    dice = random.Random(1)
    for number in itertools.count(1):
        method, address, fields = OPERATIONS[number % len(OPERATIONS)]
        headers = {"Content-Type": "application/json", **token(dice, key)}
        if number % HUGE == 0:
            body = b'{"kind": "group", "participants": %s}' % LARGEST
            yield "POST", "/api/v1/conversations/", headers | credentials(key), body
            continue
        address += f"?{query(dice)}" if dice.random() < 0.5 else ""
        body = b"" if method in ("GET", "DELETE") else dice.choice(BODIES)(dice, fields)
        yield method, address, headers, body


def credentials(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Api-Token": key}


def token(dice: random.Random, key: str) -> dict[str, str]:
    """Mostly a valid token, since an invalid one ends the request early."""
    if dice.random() < 0.9:
        return credentials(key)
    odd = dice.choice(["", "sk_nobody", "a.b.c", "x" * 3_000, "e30.e30.", "\xe9" * 9])
    return credentials(odd)


def query(dice: random.Random) -> str:
    """Unknown, very long or far too many parameters."""
    return dice.choice(
        [
            urlencode({f"p{n}": n for n in range(dice.choice([1, 30, 900, 1_100]))}),
            urlencode({"limit": "9" * dice.choice([1, 30, 5_000]), "cursor": "x" * 500}),
            urlencode({"messages": ",".join(map(str, range(dice.choice([0, 201, 3_000]))))}),
            urlencode({"state": "x" * 2_000, "membership": ",".join("y" * 999), "search": "\x00"}),
            urlencode(dict.fromkeys(("after", "from", "to", "key", "token"), "�" * 99)),
        ]
    )


def _items(dice: random.Random, fields: list[str]) -> Any:
    item = dice.choice([1, None, {}, [], "x" * 50, {"message": "1"}, {"a": 1, "b": {"c": 2}}])
    return dict.fromkeys(fields[:9], [item] * dice.choice([1, 20, 700, 1_500]))


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BODIES: list[Callable[[random.Random, list[str]], bytes]] = [
    lambda dice, fields: orjson.dumps(_items(dice, fields)),
    lambda dice, fields: orjson.dumps({"receipts": [1] * dice.choice([749, 1_000, 2_000])}),
    lambda dice, fields: orjson.dumps(
        {f"u{n}": n for n in range(dice.choice([1, 50, 2_000, 5_000]))}
    ),
    lambda dice, fields: orjson.dumps(dict.fromkeys(fields, "x" * dice.choice([300, 9_000]))),
    lambda dice, fields: orjson.dumps(dict.fromkeys(fields, dice.choice([1.5, -1, 2**63, None]))),
    lambda dice, fields: b'{"kind": %s}' % _nested(dice.choice([40, 900, 3_000])),
    lambda dice, fields: dice.randbytes(dice.choice([1, 100, 4_000])),
    lambda dice, fields: b'{"at": "\\ud800", "user": "a\\u0000b"}',
    lambda dice, fields: orjson.dumps(dice.choice([[], 1, "x", None, True, [{}] * 3_000])),
]  # fmt: skip


def _operations() -> Iterator[tuple[str, str, list[str]]]:
    """Method, path with odd values, and the field names of the body."""
    for document in DOCUMENTS:
        content = yaml.safe_load(document.read_text())
        names = sorted(set(_properties(content.get("components", {}))))
        for address, methods in content["paths"].items():
            for method in methods:
                if method not in ("get", "post", "put", "patch", "delete"):
                    continue
                parts = [
                    quote(f"{len(names)}", safe="") if part.startswith("{") else part
                    for part in address.split("/")
                ]
                yield method.upper(), "/".join(parts), names[:40]


def _properties(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield from part["properties"]
        for each in part.values():
            yield from _properties(each)


OPERATIONS = list(_operations())
