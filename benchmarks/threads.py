"""Marks where a conversation has a thousand threads, beside the same marks where it has none."""

from __future__ import annotations

from typing import Any

from benchmarks.timing import Rival, compare, seconds, take_turns, times
from benchmarks.world import World, client_of, execute, tidy
from chat.models import Conversation, Message, Thread
from receipts.models import MessageStatus

RECIPIENTS = 5
THREADS = 1_000
#: Replies to each root, which follow it.
REPLIES = 10
ROUNDS, BUDGET = 15, 60.0

_MAKE_REPLIES = """
    UPDATE chat_message SET thread_id = %s + (id - %s) / %s * %s WHERE (id - %s) %% %s <> 0"""
_NOTE_IN_ROWS = """
    UPDATE receipts_messagestatus AS status SET thread_id = message.thread_id
      FROM chat_message AS message WHERE message.id = status.message_id"""
_NOTE_THREADS = """
    INSERT INTO chat_thread (root_id, conversation_id, reply_count, last_reply_id, last_reply_at)
    SELECT thread_id, conversation_id, COUNT(*), MAX(id), MAX(created_at) FROM chat_message
     WHERE thread_id IS NOT NULL GROUP BY 1, 2"""


class Marks:
    """Bulk marks of a different reader in each round, over HTTP without the server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.path = f"/api/v1/conversations/{world.conversation.pk}/"
        self.clients = {pk: client_of(pk) for pk in world.recipients}

    def plain(self, messages: int, marked: int) -> Rival:
        """The first ones, or everything, where there are no threads."""

        def mark(number: int) -> float:
            sent = self.world.say(messages)
            return self._time(number, marked, {"up_to_message": sent[marked - 1]})

        return mark

    def threaded(self, replies: int, thread: str | None, marked: int) -> Rival:
        """Everything, the main line, or one thread, with ``replies`` to each of the roots."""

        def mark(number: int) -> float:
            roots = self._say_threads(replies)
            body = {} if thread is None else {"thread": thread}
            return self._time(number, marked, {"thread": roots[-1]} if thread == "one" else body)

        return mark

    def listed(self, query: str) -> Rival:
        """A page of threads."""

        def read(number: int) -> float:
            client = self.clients[self.world.recipients[number % RECIPIENTS]]
            return seconds(lambda: client.get(f"{self.path}threads/?{query}"))

        return read

    def _say_threads(self, replies: int) -> range:
        step = replies + 1
        sent = self.world.say(THREADS * step)
        execute("TRUNCATE chat_thread")
        execute(_MAKE_REPLIES, [sent[0], sent[0], step, step, sent[0], step])
        execute(_NOTE_IN_ROWS)
        execute(_NOTE_THREADS)
        Conversation.objects.update(has_threads=True)
        tidy(Message, MessageStatus, Thread)
        return range(sent[0], sent[-1], step)

    def _time(self, number: int, marked: int, body: dict[str, Any]) -> float:
        """Seconds of one mark; another reader's mark of the first message warms the caches."""
        first = Message.objects.order_by("pk").values_list("pk", flat=True)[0]
        other, reader = (self.world.recipients[(number + i) % RECIPIENTS] for i in (0, 1))
        path = f"{self.path}mark-read/"
        json = "application/json"
        self.clients[other].post(path, {"up_to_message": first}, json)
        answers = []
        taken = seconds(lambda: answers.append(self.clients[reader].post(path, body, json).json()))
        assert answers[0]["marked"] == marked, answers
        return taken


def run() -> None:
    """As many rows marked in the threaded conversation as in the plain one."""
    marks = Marks(World(RECIPIENTS))
    everything = THREADS * (REPLIES + 1)
    pairs: dict[str, tuple[Rival, Rival]] = {
        f"everything, {everything:,} rows": (
            marks.threaded(REPLIES, None, everything),
            marks.plain(everything, everything),
        ),
        f"the main line, {THREADS:,} rows beside {THREADS * REPLIES:,} unread replies": (
            marks.threaded(REPLIES, "main", THREADS),
            marks.plain(THREADS, THREADS),
        ),
        f"one thread, {REPLIES} rows of {everything:,} unread": (
            marks.threaded(REPLIES, "one", REPLIES),
            marks.plain(everything, REPLIES),
        ),
    }
    for label, (threaded, plain) in pairs.items():
        rivals = {"threads": threaded, "no threads": plain}
        taken = take_turns(rivals, rounds=ROUNDS, budget=BUDGET)
        times(label, taken)
        compare(label, taken, "threads", "no threads")
    marks._say_threads(REPLIES)
    pages: dict[str, Rival] = {
        "first page": marks.listed("limit=50"),
        "unread": marks.listed("limit=50&unread=true"),
        "none unread": marks.listed("limit=50&unread=false"),
    }
    taken = take_turns(pages, rounds=ROUNDS, budget=BUDGET)
    times(f"pages of {THREADS:,} threads", taken)
    compare(f"pages of {THREADS:,} threads", taken, "unread", "first page")
