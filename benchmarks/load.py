"""A load generator in a separate process: keep-alive connections, one open request each.

`python -m benchmarks.load` reads a job from its input and prints the results, both JSON:
``{"host", "port", "connections", "tokens": [...], "requests": [[path, number of token], ...]}``;
a request may have its body as a third item, and its method as a fourth.
It connects to loopback only.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from statistics import quantiles
from typing import Any

MAX_SECONDS = 90


class Load:
    """The requests left to send, and the responses."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.requests: Iterator[bytes] = iter([_request(job, *one) for one in job["requests"]])
        self.taken: list[float] = []
        self.statuses: Counter[int] = Counter()


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the previous response has arrived."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or not _complete(head.lower(), body):
            return
        self.load.taken.append(time.perf_counter() - self.sent)
        self.load.statuses[int(head[9:12])] += 1
        self.buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The server hung up."))

    def _send(self) -> None:
        request = next(self.load.requests, None)
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]


def _complete(head: bytes, body: bytes) -> bool:
    """Whether a response is complete; none follows without a request."""
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length) if length else body.endswith(b"0\r\n\r\n")


def _request(
    job: dict[str, Any], path: str, token: int, body: Any = None, method: str = "POST"
) -> bytes:
    content = json.dumps(body or {})
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {job['host']}:{job['port']}\r\n"
        f"Authorization: Bearer {job['tokens'][token]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
    ).encode()


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Send all requests over these connections; rate, times in ms, responses by status."""
    if not ipaddress.ip_address(job["host"]).is_loopback:
        raise SystemExit("Only loopback addresses.")
    load, loop = Load(job), asyncio.get_running_loop()
    cpu, started = time.process_time(), time.perf_counter()
    async with asyncio.timeout(MAX_SECONDS):
        connections = [
            await loop.create_connection(lambda: Connection(load), job["host"], job["port"])
            for _ in range(job["connections"])
        ]
        await asyncio.gather(*(protocol.done for _, protocol in connections))
    return figures(load.taken, started, cpu) | {"statuses": dict(load.statuses)}


def figures(taken: list[float], started: float, cpu: float) -> dict[str, Any]:
    """Rate, times in ms, and this process's share of a core, since these times were taken."""
    wall, centiles = time.perf_counter() - started, quantiles(taken, n=100)
    return {
        "count": len(taken),
        "per_second": len(taken) / wall,
        "p50": centiles[49] * 1000,
        "p95": centiles[94] * 1000,
        "cpu_share": (time.process_time() - cpu) / wall,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
