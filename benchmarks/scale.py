"""What grows with the number of rows: each request in a big world and in a small one, in turns.

`scale=1000000` chooses the number of status rows of the big one. Of each request: its time in the
big world as a multiple of that in the small one, and the pages that its statements touched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from statistics import median
from typing import Any

from django.test import Client
from django.utils import timezone

from benchmarks.scaled_world import CONVERSATIONS_EACH, MESSAGES, ROWS, UNREAD, ScaledWorld
from benchmarks.timing import ratios, seconds, spread
from benchmarks.world import NAME, client_of, execute
from chat.models import User
from receipts.reads.insights import MeasuredRange
from receipts.sql.run import fetch_rows
from receipts.upkeep.checking import Check

SMALL, BIG = 10_000, 10_000_000
#: A world has whole groups of people, each with ten conversations, and so has a quarter of it.
SIZES_BY = 4 * CONVERSATIONS_EACH * ROWS
ROUNDS = 15
#: The first requests of a connection plan its statements; not of those that mark hundreds of rows.
WARMING = 6
MARKS_HUNDREDS = {"batch of 100 in 10 conversations", "all, 100 in 10 conversations"}
NEWEST = range(MESSAGES - UNREAD, MESSAGES)

Request = Callable[[], object]
#: Seconds, and pages of the buffer cache.
Figures = tuple[float, int]


def run(rows: int = BIG) -> None:
    """The goals: 1.3 times the time, pages by the depth of the indexes, a linear check."""
    if rows % SIZES_BY:
        sys.exit(f"scale: a size has to be a multiple of {SIZES_BY:,}.")
    worlds = [
        ScaledWorld("bench_small", SMALL),
        ScaledWorld("bench_quarter", rows // 4),
        ScaledWorld("bench_big", rows),
    ]
    try:
        for world in worlds:
            print(f"  {world.rows:,} rows in {seconds(world.build):.0f} s", flush=True)
        small, *_, big = worlds
        _requests(small, big)
        for world in worlds:
            _commands(world)
    finally:
        for world in worlds:
            world.drop()


def _requests(small: ScaledWorld, big: ScaledWorld) -> None:
    worlds = (small, big)
    series = [_series_of(world) for world in worlds]
    for name in series[0]:
        found: tuple[list[Figures], list[Figures]] = ([], [])
        skipped = 1 if name in MARKS_HUNDREDS else WARMING
        for number in range(skipped + ROUNDS):
            for turn in (0, 1) if number % 2 else (1, 0):
                request = next(series[turn][name], None)
                if request is not None:
                    with worlds[turn].entered():
                        found[turn].append(_measured(request))
        _tell(name, *(each[skipped:] for each in found))


def _tell(name: str, small: list[Figures], big: list[Figures]) -> None:
    (took, pages), (took_big, pages_big) = (zip(*each, strict=True) for each in (small, big))
    print(
        f"  {name:32} {spread(ratios(took_big, took))} x, {median(took) * 1000:.1f} ms in the"
        f" small world; pages {median(pages):.0f} -> {median(pages_big):.0f}, n={len(big)}",
        flush=True,
    )


def _measured(work: Request) -> Figures:
    """Seconds and pages of a call, less the pages that looking itself takes."""
    earlier, before = _pages(), _pages()
    taken = seconds(work)
    return taken, _pages() - before - (before - earlier)


def _pages() -> int:
    """The pages that this database has touched so far."""
    execute("SELECT pg_stat_force_next_flush()")
    ((pages,),) = fetch_rows(
        "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(pages)


def _series_of(world: ScaledWorld) -> dict[str, Iterator[Request]]:
    """The requests of one world by name: as many as are asked for, or as there are rows for."""
    with world.entered():
        people = [client_of(world.person(number)) for number in range(21)]
        staff = User.objects.create(username=f"{NAME}staff", password="!", is_superuser=True)
        overseer = client_of(staff.pk)
    chat = f"/conversations/{world.conversation(4)}"
    message = f"/messages/{world.message(4, 20)}"
    return {
        "read one message": _marks(world, people[1:5], "read"),
        "delivered": _marks(world, people[5:7], "delivered"),
        "bulk read of 10": _bulk_reads(world, people[7:10]),
        "batch of 100 in 10 conversations": _batches(world, people[10:15]),
        "all, 100 in 10 conversations": (_post(each, "/me/mark-read/", {}) for each in people[15:]),
        "recipients page": _gets(people[0], f"{message}/recipients/"),
        "summary": _gets(people[0], f"{message}/status/"),
        "/me/ with unread": _gets(people[1], "/me/"),
        "conversation list": _gets(people[1], "/conversations/"),
        "messages page": _gets(people[1], f"{chat}/messages/"),
        "participants": _gets(people[0], f"{chat}/participants/"),
        "insights of a sender": _gets(people[0], "/insights/"),
        "insights of a conversation": _gets(overseer, f"{chat}/insights/"),
        "feed page": _gets(people[0], "/events/"),
        "send to 20": _forever(_post(people[0], f"{chat}/messages/", {"body": "Hello"})),
    }


def _marks(world: ScaledWorld, people: list[Client], verb: str) -> Iterator[Request]:
    for reader, chat, place in product(people, range(CONVERSATIONS_EACH), NEWEST):
        yield _post(reader, f"/messages/{world.message(chat, place)}/{verb}/", {})


def _bulk_reads(world: ScaledWorld, people: list[Client]) -> Iterator[Request]:
    for reader, chat in product(people, range(CONVERSATIONS_EACH)):
        yield _post(reader, f"/conversations/{world.conversation(chat)}/mark-read/", {})


def _batches(world: ScaledWorld, people: list[Client]) -> Iterator[Request]:
    items = [
        {"message": world.message(chat, place), "state": "read"}
        for chat, place in product(range(CONVERSATIONS_EACH), NEWEST)
    ]
    return (_post(reader, "/receipts/", {"receipts": items}) for reader in people)


def _gets(client: Client, path: str) -> Iterator[Request]:
    return _forever(lambda: _answered(client.get(f"/api/v1{path}")))


def _post(client: Client, path: str, body: object) -> Request:
    return lambda: _answered(client.post(f"/api/v1{path}", body, "application/json"))


def _forever(request: Request) -> Iterator[Request]:
    while True:
        yield request


def _answered(answer: Any) -> None:
    assert answer.status_code in (200, 201), answer.content[:500]


def _commands(world: ScaledWorld) -> None:
    """What reads everything, or a range of days, and what should not."""
    until = timezone.now().date()
    works: dict[str, Request] = {
        "check_receipts": lambda: _checked(None),
        "check_receipts, one conversation": lambda: _checked(world.conversation(4)),
    } | {
        f"insights of everybody, {days} days": MeasuredRange(
            until - timedelta(days=days), until
        ).answer
        for days in (7, 14, 31)
    }
    print(f"  {world.rows:,} rows:", flush=True)
    for name, work in works.items():
        with world.entered():
            taken, pages = _measured(work)
        print(f"    {name:32} {taken:.2f} s, {pages:,} pages", flush=True)


def _checked(conversation: int | None) -> None:
    check = Check(say=print, conversation=conversation)
    check.run()
    assert check.left == 0
