"""A single open stream: what is sent on it, in which order, and when it is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from receipts.feed.connection import MOST_WAITING, SEND_TIMEOUT, Connection
from receipts.feed.looking import Listener
from receipts.feed.positions import Position

NOWHERE = Position("7", 0)


class Client:
    """What a client has received; it accepts no more while ``reading`` is not set."""

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.reading.set()
        self.received: list[bytes | None] = []
        self.transport = self
        self.aborted = False

    async def send(self, message: Any) -> None:
        await self.reading.wait()
        if not self.aborted:
            self.received.append(message["body"] if message["more_body"] else None)

    def abort(self) -> None:
        self.aborted = True
        self.reading.set()


def in_a_loop(test: Callable[[Connection, Client], Awaitable[None]]) -> Callable[[], None]:
    """Run a test of one connection in its own event loop."""

    async def run() -> None:
        client = Client()
        await test(Connection(Listener(1, "bob", False), client.send, lasts=60), client)

    return lambda: asyncio.run(run())


async def settled() -> None:
    """Run everything that is ready."""
    for _ in range(10):
        await asyncio.sleep(0)


@in_a_loop
async def test_what_is_told_meanwhile_comes_after_what_was_missed(
    c: Connection, client: Client
) -> None:
    missed = asyncio.Event()

    async def catch_up() -> None:
        await c.write(b"one")
        await missed.wait()
        await c.write(b"two")

    c.begin(catch_up)
    await settled()
    c.push(b"three", NOWHERE)
    await settled()
    assert client.received == [b"one"]
    missed.set()
    await settled()
    c.push(b"four", NOWHERE)
    await settled()
    assert client.received == [b"one", b"two", b"three", b"four"]


@in_a_loop
async def test_who_could_not_catch_up_is_told_nothing_behind_the_gap(
    c: Connection, client: Client
) -> None:
    async def catch_up() -> None:
        await c.write(b"one")
        c.push(b"three", NOWHERE)
        raise RuntimeError("The database is away.")

    c.begin(catch_up)
    await settled()
    c.push(b"four", NOWHERE)
    await settled()
    assert client.received == [b"one", None]


@in_a_loop
async def test_who_has_to_go_while_catching_up_is_told_nothing_behind_the_gap(
    c: Connection, client: Client
) -> None:
    async def catch_up() -> None:
        c.push(b"three", NOWHERE)
        c.finish()

    c.begin(catch_up)
    await settled()
    assert client.received == [None]


@in_a_loop
async def test_who_does_not_read_is_dropped_when_much_waits(c: Connection, client: Client) -> None:
    client.reading.clear()
    c.push(b"x" * MOST_WAITING, NOWHERE)
    await settled()
    c.push(b"x" * MOST_WAITING, NOWHERE)
    assert (client.aborted, len(c.waiting)) == (False, MOST_WAITING)
    c.push(b"x", NOWHERE)
    await settled()
    assert (client.aborted, len(c.waiting), c.task) == (True, 0, None)


@in_a_loop
async def test_who_does_not_read_is_dropped_in_time(c: Connection, client: Client) -> None:
    """Also if nothing else happens, and however little is waiting."""
    client.reading.clear()
    c.push(b"x", NOWHERE)
    await settled()
    assert c.sending_since is not None
    c.keep_alive(None, c.sending_since + SEND_TIMEOUT)
    assert not client.aborted
    c.keep_alive(None, c.sending_since + SEND_TIMEOUT + 1)
    assert client.aborted


@in_a_loop
async def test_who_reads_slowly_is_not_dropped(c: Connection, client: Client) -> None:
    for _ in range(3):
        client.reading.clear()
        c.push(b"x" * MOST_WAITING, NOWHERE)
        await settled()
        client.reading.set()
        await settled()
    c.keep_alive(None, c.ends_at - 1)
    assert (client.aborted, len(client.received)) == (False, 3)


@in_a_loop
async def test_a_heartbeat_waits_for_nobody(c: Connection, client: Client) -> None:
    """None is sent to a client that is about to receive an event anyway."""
    client.reading.clear()
    c.push(b"one", NOWHERE)
    await settled()
    c.keep_alive(NOWHERE, c.heartbeat_at)
    client.reading.set()
    await settled()
    assert client.received == [b"one"]
    c.keep_alive(NOWHERE, c.heartbeat_at)
    await settled()
    assert (client.received[-1] or b"").startswith(b": still here\nid: ")
