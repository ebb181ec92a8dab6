"""Filling in and archiving rows while people mark: how fast it goes, and what they feel of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from threading import Event
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from benchmarks.timing import milliseconds, seconds, spread
from benchmarks.world import NAME, clear, execute, multiply, tidy
from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.backfilling import Backfill
from receipts.checking import Check
from receipts.models import MessageStatus
from receipts.pruning import Prune
from receipts.services.marking import Position, Row

RECIPIENTS = 20
#: Messages that another tool loaded, and messages that were sent here and are marked all the time.
LOADED, LIVE = 10_000, 10_000
ROUNDS = 3
ALONE = 4.0  # seconds of marking with nothing beside it
MODELS = User, Conversation, ConversationParticipant, Message, MessageStatus


def run() -> None:
    """The goal: 20,000 rows a second while marks go on."""
    _measure("2,000 groups", groups=2_000)
    _measure("20 groups, each in every batch", groups=20)


class Marks(NamedTuple):
    """What one connection got done: how many a second, and how long each took."""

    rate: float
    taken: list[float]


def _measure(label: str, *, groups: int) -> None:
    filled, pruned = [], []
    shares: dict[str, list[float]] = {}
    longest: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        markers = _world(groups)
        alone = _beside(markers, lambda: time.sleep(ALONE))[1]
        for name, rates, command in (
            ("backfill", filled, Backfill()),
            ("prune", pruned, Prune(before=timezone.now() - timedelta(days=30))),
        ):
            taken, beside = _beside(markers, command.run)
            rows = command.rows if isinstance(command, Prune) else command.rows.total()
            assert rows == LOADED * RECIPIENTS, (name, rows)
            rates.append(rows / taken)
            for kind, marks in beside.items():
                key = f"{kind} beside {name}"
                shares.setdefault(key, []).append(marks.rate / alone[kind].rate)
                longest.setdefault(key, []).append(max(marks.taken))
        _assert_right()
    print(f"  {label}: backfill {spread(filled, 0)} rows/s; prune {spread(pruned, 0)} rows/s")
    for key, values in shares.items():
        print(
            f"    {key:24} {spread(values)} x the rate alone;"
            f" the longest {milliseconds(longest[key])}"
        )


def _beside(
    markers: dict[str, Iterator[Callable[[], Any]]], work: Callable[[], Any]
) -> tuple[float, dict[str, Marks]]:
    """Seconds of a piece of work, and what each marker got done meanwhile on its connection."""
    done = Event()

    def keep_marking(marks: Iterator[Callable[[], Any]]) -> Marks:
        taken: list[float] = []
        started = time.perf_counter()
        try:
            while not done.is_set():
                taken.append(seconds(next(marks)))
        finally:
            connection.close()
        return Marks(len(taken) / (time.perf_counter() - started), taken)

    with ThreadPoolExecutor(len(markers)) as pool:
        running = {kind: pool.submit(keep_marking, marks) for kind, marks in markers.items()}
        try:
            took = seconds(work)
        finally:
            done.set()
        return took, {kind: marks.result() for kind, marks in running.items()}


def _world(groups: int) -> dict[str, Iterator[Callable[[], Any]]]:
    """Groups of the same people, old messages without rows, new ones with; who marks these."""
    clear()
    sender = User.objects.create(username=f"{NAME}0", password="!")
    multiply(sender, RECIPIENTS, username=f"'{NAME}' || n")
    first = Conversation.objects.create(kind="group", title="Bench")
    multiply(first, groups - 1)
    old, new = timezone.now() - timedelta(days=40), timezone.now()
    member = ConversationParticipant.objects.create(
        conversation=first, user=sender, joined_at=old - timedelta(days=1)
    )
    in_turn = f"first.conversation_id + n %% {groups}"
    everybody = f"first.user_id + n / {groups}"
    multiply(member, groups * (RECIPIENTS + 1) - 1, conversation_id=in_turn, user_id=everybody)
    loaded = Message.objects.create(conversation=first, sender=sender, created_at=old)
    multiply(loaded, LOADED - 1, conversation_id=in_turn)
    live = Message.objects.create(
        conversation=first, sender=sender, created_at=new, recipient_count=RECIPIENTS
    )
    multiply(live, LIVE - 1, conversation_id=in_turn)
    execute(
        """INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at)
           SELECT message.id, participant.user_id, message.conversation_id, message.created_at
             FROM chat_message AS message
             JOIN chat_conversationparticipant AS participant
               ON participant.conversation_id = message.conversation_id
              AND participant.user_id <> message.sender_id
            WHERE message.id >= %s ORDER BY message.id, participant.user_id""",
        [live.pk],
    )
    # Everybody has read what was loaded, so that it is no work for who marks, and can be archived.
    execute(
        "UPDATE chat_conversationparticipant SET last_read_message_id = %s, last_read_at = %s",
        [live.pk - 1, new],
    )
    tidy(*MODELS)
    people = range(sender.pk + 1, sender.pk + 1 + RECIPIENTS)
    messages = [(live.pk + number, first.pk + number % groups) for number in range(LIVE)]
    # Everybody who marks does it either way, so that no mark finds nothing to do.
    half = RECIPIENTS // 2
    return {
        "single reads": _singles(messages, people[:half]),
        "bulk reads": _bulks(messages, people[half:]),
    }


def _singles(messages: list[tuple[int, int]], people: range) -> Iterator[Callable[[], Any]]:
    for person, (message, conversation) in product(people, messages):
        row = Row(message_id=message, recipient_id=person, conversation_id=conversation)
        yield lambda row=row: services.mark_read(row=row)


def _bulks(messages: list[tuple[int, int]], people: range) -> Iterator[Callable[[], Any]]:
    for (message, conversation), person in product(messages, people):
        position = Position(recipient_id=person, conversation_id=conversation, up_to=message)
        yield lambda position=position: services.bulk_mark_read(position=position)


def _assert_right() -> None:
    """No drift, and no mark lost: what a watermark covers is read."""
    check = Check(say=print)
    check.run()
    assert check.left == 0
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT COUNT(*) FROM receipts_messagestatus AS status
                 JOIN chat_conversationparticipant AS participant
                   ON participant.user_id = status.recipient_id
                  AND participant.conversation_id = status.conversation_id
                WHERE status.message_id <= participant.last_read_message_id
                  AND status.read_at IS NULL"""
        )
        assert cursor.fetchone() == (0,)
