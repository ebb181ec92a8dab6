"""Events that the feed loses or publishes twice, while writers and commits overlap.

Where tables are distributed, also while shards are moved from node to node. Slow the commits of the
workers (`commit_delay` and `commit_siblings`, or the disk) to make the gaps wider.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from django.db import DatabaseError, connection, transaction

from benchmarks.world import World, by_hand
from chat.models import Conversation, Message, User
from receipts import services
from receipts.feed.positions import Position, newest_position
from receipts.feed.reading import EventPage, of_everybody, of_user
from receipts.models import EventKind, ReceiptEvent
from receipts.services.marking import RecipientKey
from receipts.sql.distributed import is_distributed

SECONDS = 30
WRITERS, CONVERSATIONS = 3, 12
PAUSE = 0.02
#: Seconds; a shard takes no writes while it is moved.
BETWEEN_MOVES = 2.0
#: Users' own reads, which no backend receives (rule 13).
OWN_KINDS = {EventKind.CONVERSATION_READ}
#: Pages of the reader who follows in many small ones.
FEW = 3

_SHARDS = """
    SELECT shard.shardid, here.nodename, here.nodeport, there.nodename, there.nodeport
      FROM pg_dist_shard AS shard JOIN pg_dist_placement AS placement USING (shardid)
      JOIN pg_dist_node AS here ON here.groupid = placement.groupid
      JOIN pg_dist_node AS there ON there.groupid <> here.groupid AND there.shouldhaveshards
     WHERE shard.logicalrelid = CAST('receipts_receiptevent' AS regclass)
     ORDER BY random() LIMIT 1"""
_MOVE = "SELECT citus_move_shard_placement(%s, %s, %s, %s, %s, 'block_writes')"


T = TypeVar("T")


@dataclass
class Told:
    """What a reader was given, in its order."""

    position: Position = field(default_factory=newest_position)
    ids: list[int] = field(default_factory=list)

    def follow(self, read: Callable[[Position], EventPage], stop: threading.Event) -> None:
        """Read page after page until nothing is left after the writers have stopped."""
        while True:
            ending = stop.is_set()
            page = read(self.position)
            self.ids += [event.id for event in page.events]
            began_earlier, self.position = bool(self.position.until), page.position
            if page.more:
                continue
            if ending and not began_earlier:
                return
            time.sleep(PAUSE)


def run(seconds: int = SECONDS) -> None:
    world = World(4)
    reader = User.objects.get(pk=world.recipients[0])
    rooms = [
        services.create_conversation(owner=world.sender, participants=[reader], kind="group")
        for _ in range(CONVERSATIONS)
    ]
    _measure("at rest", seconds, rooms, reader, moving=False)
    if is_distributed():
        _measure("while shards are moved", seconds, rooms, reader, moving=True)


def _measure(
    label: str, seconds: int, rooms: list[Conversation], reader: User, *, moving: bool
) -> None:
    before = set(ReceiptEvent.objects.values_list("pk", flat=True))
    everything, ones = Told(), Told()
    enough, stop, over = threading.Event(), threading.Event(), threading.Event()
    with ThreadPoolExecutor() as pool:
        writers = [
            pool.submit(_alone, _write, number, rooms, reader, stop) for number in range(WRITERS)
        ]
        readers = [
            pool.submit(_alone, everything.follow, lambda at: of_everybody(at, 1_000), over),
            pool.submit(_alone, ones.follow, lambda at: of_user(at, reader.pk, FEW), over),
        ]
        moves = pool.submit(_alone, _move, enough) if moving else None
        try:
            time.sleep(seconds)
            enough.set()
            moved = moves.result() if moves else 0
            stop.set()
            done = sum((each.result() for each in writers), Counter[str]())
        finally:  # a thread that failed must not leave the others running
            for event in (enough, stop, over):
                event.set()
        for each in readers:
            each.result()
    rows = ReceiptEvent.objects.exclude(pk__in=before)
    theirs = {
        event.pk
        for event in rows
        if event.audience_id == reader.pk
        or (event.is_own_read and event.actor_id == reader.pk)
        or (event.audience_id is None and event.conversation_id in {room.pk for room in rooms})
    }
    for_backends = {event.pk for event in rows if event.kind not in OWN_KINDS}
    moves_note = f", {moved} shards moved" if moving else ""
    print(
        f"  {label}: {done['done']} transactions, {done['failed']} failed{moves_note};"
        f" {_verdict('all events', everything, for_backends)};"
        f" {_verdict('pages of one user', ones, theirs)}",
        flush=True,
    )


def _verdict(name: str, told: Told, written: set[int]) -> str:
    counts = Counter(told.ids)
    lost, twice = written - counts.keys(), sum(count > 1 for count in counts.values())
    strange = counts.keys() - written
    assert not strange, f"{len(strange)} events were not written in this time"
    return f"{name}: {len(written)}, {len(lost)} lost, {twice} told twice"


def _write(
    number: int, rooms: list[Conversation], reader: User, stop: threading.Event
) -> Counter[str]:
    """Transactions of all kinds in two conversations each, until it is stopped."""
    random, done = Random(number), Counter[str]()
    work: Iterator[None] = _work(random, rooms, reader)
    while not stop.is_set():
        try:
            with transaction.atomic():
                next(work)
            done["done"] += 1
        except DatabaseError:  # a deadlock, or a shard that was just moved: it left no event
            done["failed"] += 1
            work = _work(random, rooms, reader)
    return done


def _work(random: Random, rooms: list[Conversation], reader: User) -> Iterator[None]:
    while True:
        first, second = sorted(random.sample(rooms, 2), key=lambda room: room.pk)
        owner = User.objects.get(username="bench-0")
        sent: list[Message] = [
            services.send_message(conversation_id=room.pk, sender=owner, body="Hello").message
            for room in (first, second)
        ]
        yield
        for message in sent:
            services.mark_read(
                row=RecipientKey(
                    message_id=message.pk,
                    recipient_id=reader.pk,
                    conversation_id=message.conversation_id,
                )
            )
        yield
        services.edit_message(message_id=sent[0].pk, body="Hello again")
        yield


def _move(enough: threading.Event) -> int:
    """Move shards to and fro; return how many were moved."""
    moved = 0
    with by_hand() as mover:
        while not enough.is_set():
            row = mover.execute(_SHARDS).fetchone()
            assert row is not None
            mover.execute(_MOVE, row)
            moved += 1
            enough.wait(BETWEEN_MOVES)
    return moved


def _alone(work: Callable[..., T], *args: object) -> T:
    """Run a thread's function and close its connection."""
    try:
        return work(*args)
    finally:
        connection.close()
