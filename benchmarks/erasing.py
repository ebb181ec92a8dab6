"""Forgetting a user with a million rows, and deleting a conversation, while others mark."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.timing import compare, milliseconds, take_turns, times
from benchmarks.world import NAME, by_hand, clear, execute, multiply, tidy
from chat.models import Conversation, ConversationParticipant, Erasure, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.selectors import unread, unread_of
from receipts.services.marking import RecipientKey, UpTo

#: Messages of one sender to two recipients, the one who is forgotten and one who marks; and to
#: three in the conversation that is deleted.
MESSAGES, GROUPS = 1_000_000, 1_000
DELETED = 100_000
#: Seconds that a mark may wait.
GOAL = 1.0
MODELS = User, Conversation, ConversationParticipant, Message, MessageStatus


def run() -> None:
    """The goal: no mark waits longer than a second."""
    world = _World()
    world.say(MESSAGES, GROUPS)
    _measure(f"user with {MESSAGES:,} rows", world, lambda: services.forget_user(
        username=f"{NAME}1", messages=True
    ))  # fmt: skip
    rest = MessageStatus.objects.filter(recipient=world.target, withdrawn_at=None)
    assert not rest.filter(read_at=None).exists()
    assert not MessageStatus.objects.filter(recipient=world.target).exclude(content=None).exists()

    world = _World()
    world.say(DELETED, 1)
    _badge(world)
    _measure(f"conversation with {DELETED:,} messages", world, lambda: services.delete_conversation(
        conversation_id=world.conversation.pk
    ))  # fmt: skip
    assert not MessageStatus.objects.exists()


class _World:
    """A sender, somebody to forget, somebody who marks, and some groups of all three."""

    def __init__(self) -> None:
        clear()
        execute("TRUNCATE chat_erasure, chat_freedname, receipts_receiptevent")
        self.sender = User.objects.create(username=f"{NAME}0", password="!")
        multiply(self.sender, 2, username=f"'{NAME}' || n")
        self.target, self.marker = self.sender.pk + 1, self.sender.pk + 2

    def say(self, messages: int, groups: int) -> None:
        """Who is forgotten has read a tenth, with acknowledgements, and a tenth privately."""
        self.conversation = Conversation.objects.create(kind="group", title="Bench")
        multiply(self.conversation, groups - 1)
        member = ConversationParticipant.objects.create(
            conversation=self.conversation, user=self.sender
        )
        multiply(
            member,
            groups * 3 - 1,
            conversation_id=f"first.conversation_id + n %% {groups}",
            user_id=f"first.user_id + n / {groups}",
        )
        self.first = Message.objects.create(
            conversation=self.conversation, sender=self.sender, body="Hello", recipient_count=2,
            created_at=timezone.now(),
        )  # fmt: skip
        multiply(self.first, messages - 1, conversation_id=f"first.conversation_id + n %% {groups}")
        execute(
            """INSERT INTO receipts_messagestatus
                      (message_id, recipient_id, conversation_id, sent_at, delivered_at, seen_at,
                       read_at, content)
               SELECT message.id, recipient.id, message.conversation_id, message.created_at,
                      CASE WHEN kind < 2 THEN message.created_at END,
                      CASE WHEN kind < 2 THEN message.created_at END,
                      CASE WHEN kind = 0 THEN message.created_at END,
                      CASE WHEN kind = 0 THEN 'Understood.' END
                 FROM chat_message AS message
                CROSS JOIN LATERAL (VALUES (CAST(%s AS bigint), message.id %% 10),
                                           (CAST(%s AS bigint), 9)) AS recipient (id, kind)
                ORDER BY message.id, recipient.id""",
            [self.target, self.marker],
        )
        execute(
            """UPDATE chat_message SET delivered_count = CASE WHEN id % 10 < 2 THEN 1 ELSE 0 END,
                                       read_count = CASE WHEN id % 10 = 0 THEN 1 ELSE 0 END"""
        )
        self.messages, self.groups = messages, groups
        tidy(*MODELS)

    def single(self, dice: random.Random) -> Callable[[], Any]:
        """A read of any message."""
        number = dice.randrange(self.messages)
        row = RecipientKey(
            message_id=self.first.pk + number,
            recipient_id=self.marker,
            conversation_id=self.conversation.pk + number % self.groups,
        )
        return lambda: services.mark_read(row=row)

    def bulk(self, dice: random.Random) -> Callable[[], Any]:
        """A read up to any message, of up to a thousand rows."""
        number = dice.randrange(min(self.messages, 1_000 * self.groups))
        message = self.first.pk + number
        position = UpTo(
            recipient_id=self.marker,
            conversation_id=self.conversation.pk + number % self.groups,
            up_to=message,
            reached=message,
        )
        return lambda: services.bulk_mark_read(position=position)


@dataclass
class _Batches:
    """How long each batch took."""

    taken: list[float] = field(default_factory=list)
    last: float = field(default_factory=time.perf_counter)

    def go_on(self) -> bool:
        now = time.perf_counter()
        self.taken.append(now - self.last)
        self.last = now
        return True


def _measure(label: str, world: _World, begin: Callable[[], Erasure]) -> None:
    done = Event()

    def keep_marking(kind: Callable[[random.Random], Callable[[], Any]]) -> list[float]:
        dice, taken = random.Random(1), []
        try:
            while not done.is_set():
                mark, started = kind(dice), time.perf_counter()
                mark()
                taken.append(time.perf_counter() - started)
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(2) as pool:
        marking = {
            "single reads": pool.submit(keep_marking, world.single),
            "bulk reads": pool.submit(keep_marking, world.bulk),
        }
        started = time.perf_counter()
        erasure = begin()
        closed = time.perf_counter() - started
        batches = _Batches()
        assert services.run_erasure(erasure, batches.go_on)
        taken = time.perf_counter() - started
        done.set()
    print(
        f"  {label}: closed in {closed * 1000:.0f} ms, all done in {taken:.0f} s;"
        f" {len(batches.taken):,} batches of {milliseconds(batches.taken)}",
        flush=True,
    )
    for name, marks in marking.items():
        waits = marks.result()
        verdict = "reached" if max(waits) <= GOAL else "MISSED"
        print(f"    {name} beside it: {len(waits):,}, {milliseconds(waits)}; goal {verdict}")


def _badge(world: _World) -> None:
    """What a badge costs that leaves out deleted conversations: none, and one of 100,000 rows."""

    def query(rows: Any) -> Callable[[int], float]:
        sql = rows.values("pk").query
        text, params = sql.get_compiler(connection=connection).as_sql()
        statement = f"SELECT COUNT(*) FROM ({text}) AS counted"

        def measured(_: int) -> float:
            with by_hand() as hand:
                hand.execute(statement, params)
                started = time.perf_counter()
                hand.execute(statement, params).fetchone()
                return time.perf_counter() - started

        return measured

    rivals = {
        "with": query(unread_of(world.marker)),
        "without": query(unread().filter(recipient_id=world.marker)),
    }
    found = take_turns(rivals, rounds=15, budget=60)
    times(f"badge over {DELETED:,} unread rows", found)
    compare("", found, "with", "without")
