"""Many marks per request: batches of 500 over HTTP, and one user's in all conversations.

Also what a transaction for each conversation of a batch would cost.
"""

from __future__ import annotations

import time
from statistics import median

from django.conf import settings

from benchmarks.marks_over_http import Client
from benchmarks.processes import postmaster, running_service
from benchmarks.timing import compare, seconds, spread, take_turns
from benchmarks.world import World, clear, execute, multiply, tidy, token_of
from chat.models import Conversation, ConversationParticipant, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.models import MessageStatus
from receipts.services.batch_items import BatchMark

RECIPIENTS = 4
MESSAGES = 5_000
BATCH = 500
CONNECTIONS = 2
ROUNDS = 3

UNREAD = 50_000
CONVERSATIONS = 200


def run() -> None:
    """The goals: 10,000 marks a second, and each call within its time budget until complete."""
    _batches()
    _everything()
    _apart()


def _batches() -> None:
    world = World(RECIPIENTS)
    tokens = [token_of(pk) for pk in world.recipients]
    rates, cpu = [], []
    with running_service() as (port, pid):
        client = Client(port, tokens, server=pid, database=postmaster())
        client.job["connections"] = CONNECTIONS
        for _ in range(ROUNDS):
            messages = world.say(MESSAGES)
            requests = [
                ("/api/v1/receipts/", reader, _body(messages[start : start + BATCH]))
                for start in range(0, MESSAGES, BATCH)
                for reader in range(RECIPIENTS)
            ]
            answer = client.send(requests)
            read = MessageStatus.objects.filter(read_at__isnull=False).count()
            assert read == MESSAGES * RECIPIENTS, read
            rates.append(answer["per_second"] * BATCH)
            cpu.append(answer["cpu"] / BATCH * 1000)
    print(f"  batches of {BATCH}: {spread(rates, 0)} marks/s; CPU µs a mark {spread(cpu)}")


def _body(messages: range) -> dict[str, list[dict[str, object]]]:
    return {"receipts": [{"message": pk, "state": "read"} for pk in messages]}


def _everything() -> None:
    """One user reads all unread messages in many conversations."""
    reader = _reader_of_everything()
    calls, marked = [], 0
    while True:
        started = time.perf_counter()
        progress = services.mark_all_read(user_id=reader.pk)
        calls.append(time.perf_counter() - started)
        marked += progress.marked
        if progress.complete:
            break
    assert marked == UNREAD, marked
    print(
        f"  everything: {UNREAD} unread in {CONVERSATIONS} conversations in {len(calls)} calls,"
        f" the longest {max(calls):.2f} s, median {median(calls):.2f} s,"
        f" at a budget of {settings.BATCH_BUDGET_MS / 1000:.1f} s"
    )


def _apart() -> None:
    """A batch of 100 marks in ten conversations, and the same marks conversation by conversation.

    Message n of the world stands in conversation n % CONVERSATIONS.
    """
    reader = _reader_of_everything()
    first = Message.objects.order_by("pk").values_list("pk", flat=True)[0]
    rows = iter(range(UNREAD // CONVERSATIONS))

    def marks() -> list[list[BatchMark]]:
        places = [next(rows) * CONVERSATIONS for _ in range(10)]
        return [
            [
                BatchMark(
                    message=MessageReference(number=first + place + conversation),
                    username=reader.username,
                    state="read",
                )
                for place in places
            ]
            for conversation in range(10)
        ]

    def together(_: int) -> float:
        items = [each for some in marks() for each in some]
        return seconds(lambda: services.mark_batch(items))

    def apart(_: int) -> float:
        parts = marks()
        return seconds(lambda: [services.mark_batch(items) for items in parts])

    taken = take_turns({"together": together, "apart": apart}, rounds=12, budget=20)
    compare("100 marks in 10 conversations", taken, "apart", "together")


def _reader_of_everything() -> User:
    clear()
    writer, reader = (User.objects.create(username=f"bench-{n}", password="!") for n in "wr")
    first = Conversation.objects.create(kind="group", title="Bench")
    multiply(first, CONVERSATIONS - 1)
    for user in (writer, reader):
        member = ConversationParticipant.objects.create(conversation=first, user=user)
        multiply(member, CONVERSATIONS - 1, conversation_id="first.conversation_id + n")
    message = Message.objects.create(conversation=first, sender=writer, recipient_count=1)
    multiply(message, UNREAD - 1, conversation_id=f"first.conversation_id + n %% {CONVERSATIONS}")
    execute(
        """INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at)
           SELECT id, %s, conversation_id, created_at FROM chat_message ORDER BY id""",
        [reader.pk],
    )
    tidy(User, Conversation, ConversationParticipant, Message, MessageStatus)
    return reader
