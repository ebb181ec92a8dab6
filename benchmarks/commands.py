"""Backfilling and archiving rows while users mark: its speed, and how far it slows the marks."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
from receipts.models import MessageStatus
from receipts.services.marking import RecipientKey, UpTo
from receipts.upkeep.backfilling import Backfill
from receipts.upkeep.checking import Check
from receipts.upkeep.pruning import Prune

RECIPIENTS = 20
#: Number of messages loaded by another tool, and of messages sent here, which are being marked.
LOADED, LIVE = 10_000, 10_000
ROUNDS = 3
ALONE = 3.0  # seconds of marking while nothing else runs
#: The loaded messages were sent the day before.
LONG_AGO = timezone.now() - timedelta(days=30)
MODELS = User, Conversation, ConversationParticipant, Message, MessageStatus


def run() -> None:
    """The goal: 20,000 rows a second while marks go on."""
    _measure("2,000 groups", groups=2_000)
    _measure("20 groups, each in every batch", groups=20)


#: Kind of mark → the marks that one connection makes, one after the other.
Markers = dict[str, Iterator[Callable[[], Any]]]


class Marks(NamedTuple):
    """Result of one connection: marks per second, and the seconds that each took."""

    rate: float
    taken: list[float]


@dataclass
class Figures:
    """Measurements of one command, per round."""

    rates: list[float] = field(default_factory=list)
    shares: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    longest: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def tell(self, label: str) -> None:
        print(f"  {label}: {spread(self.rates, 0)} rows/s", flush=True)
        for kind, shares in self.shares.items():
            longest = milliseconds(self.longest[kind])
            print(f"    {kind}: {spread(shares)} x the rate alone; the longest took {longest}")


def _measure(label: str, *, groups: int) -> None:
    """Before, between and after the commands, the same marks run alone for comparison."""
    figures = {"backfill": Figures(), "prune": Figures()}
    for _ in range(ROUNDS):
        markers = _world(groups)
        before = _alone(markers)
        for name, figure in figures.items():
            command = Prune(before=LONG_AGO) if name == "prune" else Backfill()
            taken, beside = _beside(markers, command.run)
            rows = command.rows if isinstance(command, Prune) else command.rows.total()
            assert rows == LOADED * RECIPIENTS, (name, rows)
            after = _alone(markers)
            figure.rates.append(rows / taken)
            for kind, marks in beside.items():
                alone = (before[kind].rate + after[kind].rate) / 2
                figure.shares[kind].append(marks.rate / alone)
                figure.longest[kind].append(max(marks.taken))
            before = after
        _assert_right()
    for name, figure in figures.items():
        figure.tell(f"{name}, {label}")


def _alone(markers: Markers) -> dict[str, Marks]:
    return _beside(markers, lambda: time.sleep(ALONE))[1]


def _beside(markers: Markers, work: Callable[[], Any]) -> tuple[float, dict[str, Marks]]:
    """Seconds that ``work`` took, and the marks that each connection made meanwhile."""
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


def _world(groups: int) -> Markers:
    """Create groups of the same users, old messages without rows, new ones with; return markers."""
    clear()
    sender = User.objects.create(username=f"{NAME}0", password="!")
    multiply(sender, RECIPIENTS, username=f"'{NAME}' || n")
    first = Conversation.objects.create(kind="group", title="Bench")
    multiply(first, groups - 1)
    old, new = LONG_AGO - timedelta(days=1), timezone.now()
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
    # Everybody has read the loaded messages: the markers skip them, and they can be archived.
    execute(
        "UPDATE chat_conversationparticipant SET last_read_message_id = %s, last_read_at = %s",
        [live.pk - 1, new],
    )
    tidy(*MODELS)
    people = range(sender.pk + 1, sender.pk + 1 + RECIPIENTS)
    messages = [(live.pk + number, first.pk + number % groups) for number in range(LIVE)]
    # Each user marks in only one way, so that every mark finds a row to change.
    half = RECIPIENTS // 2
    return {
        "single reads": _singles(messages, people[:half]),
        "bulk reads": _bulks(messages, people[half:]),
    }


def _singles(messages: list[tuple[int, int]], people: range) -> Iterator[Callable[[], Any]]:
    for person, (message, conversation) in product(people, messages):
        row = RecipientKey(message_id=message, recipient_id=person, conversation_id=conversation)
        yield lambda row=row: services.mark_read(row=row)


def _bulks(messages: list[tuple[int, int]], people: range) -> Iterator[Callable[[], Any]]:
    for (message, conversation), person in product(messages, people):
        position = UpTo(
            recipient_id=person, conversation_id=conversation, up_to=message, reached=message
        )
        yield lambda position=position: services.bulk_mark_read(position=position)


def _assert_right() -> None:
    """Check that nothing drifted and no mark was lost: what a watermark covers is read."""
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
