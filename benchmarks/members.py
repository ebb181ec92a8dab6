"""A group of a million by position: sending, reading, and what the sender asks for (rule 16)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from benchmarks.timing import Rival, compare, milliseconds, seconds, take_turns, times
from benchmarks.world import World, client_of, execute, tidy
from chat.models import Conversation, Message, Tracking, User
from receipts import services
from receipts.api.pagination import KeysetCursor
from receipts.models import MemberPosition, PrivateStretch

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
#: Of each hundred, how many have read, and how many have received.
SHARES = ((0, 0), (50, 50), (100, 100), (0, 100), (50, 100), (33, 67), (50, 75))


def run(members: int = 1_000_000) -> None:
    """Everything in one group; rivals take turns."""
    world = World(members)
    print(f"  {members:,} participants", flush=True)
    first = seconds(lambda: _send(world))
    print(f"  the first message, which writes all positions: {first:.1f} s", flush=True)
    execute("VACUUM (ANALYZE) receipts_memberposition")
    _sending(world)
    _reading(world)
    _asking(world)


def _send(world: World, count: int = 1) -> int:
    for _ in range(count):
        sent = services.send_message(
            conversation_id=world.conversation.pk, sender=world.sender, body="Hello"
        )
    return sent.message.pk


def _sending(world: World) -> None:
    """The same sender in a group with nobody else."""
    nobody = services.create_conversation(owner=world.sender, participants=[], kind="group")
    rivals: dict[str, Rival] = {
        "a million": lambda _: seconds(lambda: _send(world, 20)) / 20,
        "nobody": lambda _: seconds(lambda: _send_to(nobody, world.sender, 20)) / 20,
    }
    taken = take_turns(rivals, rounds=ROUNDS, budget=60)
    compare("sending", taken, "a million", "nobody")
    times("sending", taken)


def _send_to(conversation: Conversation, sender: User, count: int) -> None:
    for _ in range(count):
        services.send_message(conversation_id=conversation.pk, sender=sender, body="Hello")


def _reading(world: World) -> None:
    """Up to the newest of many messages, and how many rows that writes."""
    last = Message.objects.latest("pk")
    execute(
        """INSERT INTO chat_message (conversation_id, sender_id, body, created_at, tracking,
                  is_activity, is_imported, recipient_count, delivered_count, read_count,
                  failed_count, read_since_edit_count)
           SELECT conversation_id, sender_id, body, created_at + n * interval '1 ms', tracking,
                  is_activity, is_imported, recipient_count, 0, 0, 0, 0
             FROM chat_message, generate_series(1, 10000) AS n WHERE id = %s ORDER BY n""",
        [Message.objects.filter(tracking=Tracking.BY_POSITION).latest("pk").pk],
    )
    tidy(Message)
    reader = User.objects.get(pk=world.recipients[7])
    before = _written()
    took = seconds(
        lambda: services.mark_up_to(
            conversation_id=world.conversation.pk, username=reader.username, read=True
        )
    )
    rows = _written() - before
    print(
        f"  a read of {Message.objects.filter(pk__gt=last.pk).count():,} new messages:"
        f" {rows} row written, {milliseconds([took])}",
        flush=True,
    )
    readers = iter(world.recipients[1000:])

    def read(_: int) -> float:
        names = [User.objects.get(pk=next(readers)).username for _ in range(20)]
        return seconds(lambda: [_mark(world, name) for name in names]) / 20

    times("a read of one reader", take_turns({"by position": read}, rounds=ROUNDS, budget=60))


def _mark(world: World, name: str) -> None:
    services.mark_up_to(conversation_id=world.conversation.pk, username=name, read=True)


def _written() -> int:
    """Rows that this database has inserted, updated and deleted, but for its statistics' delay."""
    execute("SELECT pg_stat_force_next_flush()")
    time.sleep(0.1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return int(cursor.fetchone()[0])


def _asking(world: World) -> None:
    """``/status/`` and the ends of ``/recipients/`` of the last message, over the whole API."""
    client = client_of(world.sender.pk)
    # Workers would not be measured, and gain nothing where all processors are busy.
    execute("SET max_parallel_workers_per_gather = 0")
    message = _send(world)
    path = f"/api/v1/messages/{message}"
    plain = f"/api/v1/messages/{message}/"
    for percent, received in SHARES:
        _have_read(message, percent, received)
        answer = client.get(f"{path}/status/").json()
        assert answer["read_count"] == percent * len(world.recipients) // 100, answer
        rivals: dict[str, Rival] = {
            "status": lambda _: seconds(lambda: _get(client.get, f"{path}/status/")),
            "the message alone": lambda _: seconds(lambda: _get(client.get, plain)),
        }
        times(
            f"{percent} % have read, {received} % received",
            take_turns(rivals, rounds=ROUNDS, budget=60),
        )
        used = _processor(lambda: [_get(client.get, f"{path}/status/") for _ in range(20)]) / 20
        print(f"    processor time of service and database: {used * 1000:.1f} ms", flush=True)
    ids = ",".join(map(str, Message.objects.order_by("-pk").values_list("pk", flat=True)[:200]))
    many: dict[str, Rival] = {
        "receipts of 200": lambda _: seconds(
            lambda: _get(client.get, f"/api/v1/receipts/?messages={ids}")
        )
    }
    times("200 messages", take_turns(many, rounds=3, budget=60))
    last = client.get(f"{path}/recipients/?cursor={_end()}").json()
    assert last["results"], last
    ends: dict[str, Rival] = {
        "first": lambda _: seconds(lambda: _get(client.get, f"{path}/recipients/")),
        "last": lambda _: seconds(lambda: _get(client.get, f"{path}/recipients/?cursor={_end()}")),
    }
    taken = take_turns(ends, rounds=ROUNDS * 3, budget=60)
    compare("pages of recipients", taken, "last", "first")
    times("pages of recipients", taken)


def _processor(work: Callable[[], object]) -> float:
    """Seconds of processor time in this process and in its connection's, in ticks of 10 ms.

    It does not depend on what else runs here, unlike other times.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    before = time.process_time(), _ticks(stat)
    work()
    ticks = (_ticks(stat) - before[1]) / os.sysconf("SC_CLK_TCK")
    return time.process_time() - before[0] + ticks


def _ticks(stat: Path) -> int:
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _end() -> str:
    """The cursor of a list's end, read backwards."""
    return KeysetCursor(None, backwards=True).encode()


def _get(get: Callable[[str], object], path: str) -> None:
    response = get(path)
    assert getattr(response, "status_code", 0) == 200, response


def _have_read(message: int, percent: int, received: int = 0) -> None:
    """Set positions as marks would have: of each hundred, how many have read and received."""
    PrivateStretch.objects.all().delete()
    execute(
        """UPDATE receipts_memberposition SET read_up_to = CASE WHEN recipient_id %% 100 < %s
                  THEN %s ELSE 0 END, seen_up_to = CASE WHEN recipient_id %% 100 < %s
                  THEN %s ELSE 0 END, delivered_up_to = CASE WHEN recipient_id %% 100 < %s
                  THEN %s ELSE 0 END, received_up_to = CASE WHEN recipient_id %% 100 < %s
                  THEN %s ELSE 0 END, known_up_to = CASE WHEN recipient_id %% 100 < %s
                  THEN %s ELSE 0 END, read_moved_at = now(), delivered_moved_at = now()
            WHERE recipient_id <> (SELECT sender_id FROM chat_message WHERE id = %s)""",
        [percent, message, percent, message, *([max(percent, received), message] * 3), message],
    )
    tidy(MemberPosition)
