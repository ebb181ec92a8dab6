"""Insights of a year at 100 million status rows, with the rollup.

Real are 25 days of 270,000 rows each, the shape of that year: 6,750 conversations with two messages
a day to 20 recipients. The newest day is young; the others are rolled up by the service. The rest
of the year exists in the rollup alone: copies of the real days. 5,000 conversations and days have
changed since. The rival counts the messages and rows that there are, those of 25 days.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from unittest.mock import patch

from benchmarks.processes import cpu_seconds
from benchmarks.scaled_world import MESSAGES, PEOPLE, ScaledWorld
from benchmarks.timing import milliseconds, seconds
from benchmarks.world import NAME, execute, tidy
from chat.models import Message, User
from receipts.models import InsightsChange, InsightsPart
from receipts.models.insights import InsightsFigures
from receipts.reads.figures import COLUMNS
from receipts.reads.insights import MeasuredRange
from receipts.sql.run import fetch_rows
from receipts.sql.times import midnight
from receipts.upkeep.rollup import Rollup
from receipts.upkeep.rollup.parts import PART_NAMES, SUMS

ROWS = 6_750_000
YEAR, STALE, BUSY, LEFT = 365, 5_000, 1_000, 100
ROUNDS, RIVAL_ROUNDS = 7, 3
HALF_A_DAY = timedelta(hours=12)


def run(rows: int = ROWS) -> None:
    """The goal: each within a second."""
    world = ScaledWorld("bench_year", rows)
    try:
        print(f"  {rows:,} rows in {seconds(world.build):.0f} s", flush=True)
        with world.entered():
            busy = _busy_sender(world)
            newest = _newest()
            # The day of the last two messages of each conversation.
            young = (newest - HALF_A_DAY).date()
            _roll_up(young)
            _complete_the_year(young)
            _measure(world, busy, newest.date())
            _leave(busy)
            _measure(world, busy, newest.date(), only="a sender in a thousand")
            _roll_changes(young)
    finally:
        world.drop()


def _newest() -> datetime:
    return Message.objects.order_by("-created_at").values_list("created_at", flat=True)[0]


def _busy_sender(world: ScaledWorld) -> int:
    """Somebody who has sent everything in a thousand conversations; their id."""
    busy = User.objects.create(username=f"{NAME}busy", password="!")
    theirs = min(BUSY, world.conversations)
    execute("UPDATE chat_message SET sender_id = %s WHERE conversation_id <= %s", [busy.pk, theirs])
    execute(
        """UPDATE chat_conversationparticipant SET user_id = %s
            WHERE conversation_id <= %s AND id %% %s = 1""",
        [busy.pk, theirs, PEOPLE],
    )
    tidy(Message)
    return busy.pk


def _roll_up(young: date) -> None:
    rollup = Rollup()
    with patch("django.utils.timezone.now", lambda: midnight(young) + HALF_A_DAY):
        taken = seconds(rollup.run)
    print(
        f"  rolled up: {rollup.days} days, {rollup.messages:,} messages in {taken:.1f} s,"
        f" {taken / rollup.days:.2f} s a day",
        flush=True,
    )


def _complete_the_year(young: date) -> None:
    ((first,),) = fetch_rows("SELECT MIN(day) FROM receipts_insightsday")
    days = (young - first).days
    copies = -(-(YEAR - days) // days)
    figures = ", ".join(COLUMNS)
    names_of: dict[type[InsightsFigures], tuple[str, ...]] = {InsightsPart: PART_NAMES, **SUMS}
    for model, names in names_of.items():
        table, keys = model._meta.db_table, "".join(f", {name}" for name in names[1:])
        execute(
            f"""INSERT INTO {table} (day{keys}, {figures})
                SELECT day - {days} * n{keys}, {figures}
                  FROM {table}, generate_series(1, {copies}) AS n
                 WHERE day - {days} * n > CAST(%s AS date) - {YEAR} ORDER BY 1""",
            [young],
        )
    execute(
        f"""INSERT INTO receipts_insightschange (day, conversation_id)
            SELECT day, conversation_id FROM receipts_insightspart
             WHERE day >= %s ORDER BY md5(id::text) LIMIT {STALE}""",
        [first],
    )
    tidy(InsightsPart, *SUMS, InsightsChange)
    sizes = ", ".join(
        "{}: {:,}, {}".format(*row)
        for model in names_of
        for row in fetch_rows(
            f"""SELECT '{model.__name__}', COUNT(*),
                       pg_size_pretty(pg_total_relation_size('{model._meta.db_table}'))
                  FROM {model._meta.db_table}"""
        )
    )
    ((live,),) = fetch_rows(
        "SELECT SUM(recipient_count) FROM chat_message WHERE created_at >= %(young)s",
        {"young": midnight(young)},
    )
    print(f"  the year: {sizes}; {live:,} rows of young days", flush=True)


def _leave(busy: int) -> None:
    """The busy sender leaves some conversations."""
    execute(
        """UPDATE chat_conversationparticipant SET is_active = FALSE, left_at = now()
            WHERE user_id = %s AND conversation_id <= %s""",
        [busy, LEFT],
    )
    print(f"  they leave {LEFT} of them:", flush=True)


def _measure(world: ScaledWorld, busy: int, until: date, only: str = "") -> None:
    since = until - timedelta(days=YEAR - 1)
    scopes: dict[str, dict[str, int]] = {
        "everybody": {},
        "a conversation": {"conversation_id": world.conversation(4)},
        "a sender in ten conversations": {"sender_id": world.person(0)},
        "a sender in a thousand": {"sender_id": busy},
    }
    for name, scope in scopes.items():
        if only not in ("", name):
            continue
        measured = partial(MeasuredRange, since, until, **scope)
        rival_rounds = 1 if name == "everybody" else RIVAL_ROUNDS
        ours, rival = [], []
        for number in range(ROUNDS + 1):
            ours.append(_taken(measured().answer))
            if number < rival_rounds:
                with patch("receipts.reads.insights.rolled_before", lambda: None):
                    rival.append(_taken(measured().answer))
        clock, cpu = zip(*ours[1:], strict=True)
        their_clock, their_cpu = zip(*rival, strict=True)
        print(
            f"  {name:32} {milliseconds(clock)}, CPU {milliseconds(cpu)}, n={len(clock)};"
            f" counting {MESSAGES // 2} days {milliseconds(their_clock)},"
            f" CPU {milliseconds(their_cpu)}, n={len(rival)}",
            flush=True,
        )


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU in this process and its backend."""
    ((backend,),) = fetch_rows("SELECT pg_backend_pid()")
    before = time.process_time() + cpu_seconds(backend)
    clock = seconds(work)
    return clock, time.process_time() + cpu_seconds(backend) - before


def _roll_changes(young: date) -> None:
    """Each changed conversation and day is written again."""
    rollup = Rollup()
    with patch("django.utils.timezone.now", lambda: midnight(young) + HALF_A_DAY):
        taken = seconds(rollup.run)
    print(f"  {rollup.changed:,} changes in {taken:.1f} s", flush=True)
