"""Others' events while one transaction stays open: a snapshot, and the oldest running transaction.

The rival is the common design: events are published once older than any running transaction.
"""

from __future__ import annotations

import threading
import time
from statistics import median

from django.db import connection

from benchmarks.timing import seconds, spread
from benchmarks.world import World, by_hand, execute, tidy
from receipts import services
from receipts.feed.positions import Position, newest_position
from receipts.feed.reading import of_everybody, of_user
from receipts.models import ReceiptEvent

SECONDS_OPEN = 5.0
EVERY = 0.05
ROUNDS = 3
#: Transactions of 100 events each that commit while another one stays open.
TRANSACTIONS = 600
#: Events that a listener missed, half of them its own and half of its conversations.
MISSED = (10_000, 1_000_000)

#: Of the events after a position, those whose transactions are older than any running one.
RIVAL = """
    SELECT xid, id, conversation_id, created_at FROM receipts_receiptevent AS event
     WHERE (event.xid, event.id) > (%s, %s)
       AND event.xid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)
     ORDER BY event.xid, event.id LIMIT 2000"""

#: Event id → seconds until it was visible.
Waited = dict[int, float]


def run() -> None:
    world = World(10)
    ours: list[float] = []
    theirs: list[float] = []
    looks: list[float] = []
    for _ in range(ROUNDS):
        seen, rival, took = _watch(world)
        assert seen.keys() == rival.keys(), (len(seen), len(rival))
        ours += seen.values()
        theirs += rival.values()
        looks.append(took)
    for name, waited in ("snapshot", ours), ("oldest running", theirs):
        print(
            f"  {name:15} {len(waited)} events of others beside a transaction open for"
            f" {SECONDS_OPEN:.0f} s, polled every {EVERY * 1000:.0f} ms:"
            f" median {median(waited) * 1000:.0f}, longest {max(waited) * 1000:.0f} ms",
            flush=True,
        )
    print(f"  a poll by snapshot, ms: {spread([took * 1000 for took in looks])}", flush=True)
    _behind()
    for missed in MISSED:
        _away(world, missed)


def _behind() -> None:
    """A poll has to skip everything committed since the oldest open transaction began."""
    with by_hand() as other, by_hand() as writer:
        other.execute("BEGIN")
        other.execute("SELECT pg_current_xact_id()")
        for _ in range(TRANSACTIONS):
            writer.execute(
                """INSERT INTO receipts_receiptevent (xid, kind, conversation_id, actor_id,
                          is_delivery, messages, message_count, created_at)
                   SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), 'message.created',
                          1, 1, FALSE, '[1]', 1, now() FROM generate_series(1, 100)"""
            )
        position = newest_position()
        took = [seconds(lambda: of_everybody(position, 2000)) for _ in range(20)]
        other.execute("ROLLBACK")
    print(
        f"  a poll that skips {TRANSACTIONS * 100} events, ms:"
        f" {spread([each * 1000 for each in took])}",
        flush=True,
    )


def _away(world: World, missed: int) -> None:
    """A listener that was away for long fetches page after page."""
    execute("TRUNCATE receipts_receiptevent")
    for kind, audience in ("receipt.updated", world.sender.pk), ("message.created", None):
        execute(
            """INSERT INTO receipts_receiptevent (xid, kind, audience_id, conversation_id, actor_id,
                      state, is_delivery, messages, message_count, first_message, created_at)
               SELECT 3 + number / 10000, %s, %s, %s, 1, 'read', TRUE, '[1]', 1, 1, now()
                 FROM generate_series(1, %s) AS number""",
            [kind, audience, world.conversation.pk, missed // 2],
        )
    tidy(ReceiptEvent)
    position = Position("3:3:", newest_position().taken_at)

    def next_page() -> None:
        nonlocal position
        position = of_user(position, world.sender.pk, 100).position

    took = [seconds(next_page) for _ in range(20)]
    print(
        f"  a page of 100 of {missed} missed events, ms: {spread([each * 1000 for each in took])}",
        flush=True,
    )


def _watch(world: World) -> tuple[Waited, Waited, float]:
    """Send messages while a transaction is open; when each design sees them."""
    stop = threading.Event()
    position, place = newest_position(), (0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(MAX(xid), 0), COALESCE(MAX(id), 0) FROM receipts_receiptevent"
        )
        place = cursor.fetchone()
    sender = threading.Thread(target=_send, args=(world, stop))
    ours: Waited = {}
    theirs: Waited = {}
    took: list[float] = []
    with by_hand() as other:
        other.execute("BEGIN")
        other.execute("SELECT pg_current_xact_id()")
        sender.start()
        opened = time.monotonic()
        while sender.is_alive() or theirs.keys() != ours.keys():
            if time.monotonic() - opened > SECONDS_OPEN and not stop.is_set():
                other.execute("COMMIT")
                stop.set()
            started = time.perf_counter()
            page = of_everybody(position, 2000)
            took.append(time.perf_counter() - started)
            position = page.position
            ours |= {each.id: time.time() - each.created_at.timestamp() for each in page.events}
            with connection.cursor() as cursor:
                cursor.execute(RIVAL, place)
                for xid, number, _, at in cursor.fetchall():
                    place = xid, number
                    theirs[number] = time.time() - at.timestamp()
            time.sleep(EVERY)
        sender.join()
    return ours, theirs, median(took)


def _send(world: World, stop: threading.Event) -> None:
    while not stop.is_set():
        services.send_message(
            conversation_id=world.conversation.pk, sender=world.sender, body="Hello"
        )
        stop.wait(EVERY)
    connection.close()
