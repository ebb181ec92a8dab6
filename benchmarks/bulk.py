"""Marking a conversation read: service, endpoint, hand-written SQL, and a loop in the ORM."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from unittest.mock import patch

from django.db.models import Sum
from django.utils import timezone

from benchmarks.timing import Rival, compare, seconds, take_turns, times
from benchmarks.world import World, by_hand, client_of
from chat.models import ConversationParticipant, Message
from receipts.ledger import stamp
from receipts.models import MessageStatus
from receipts.services import bulk_mark_read
from receipts.services.marking import UpTo

SIZES = {100: 21, 1_000: 15, 10_000: 11}
#: Messages of another group in the same tables. Without them, what is written by hand reads whole
#: tables, which hold nothing else; in a database in use both find each message by its key.
OTHERS = 200_000
#: Messages of a group, with as many rows for each recipient, of which one is marked.
HUGE = 80_000
LOOPS = {100: 5, 1_000: 3, 10_000: 1}
RECIPIENTS = 5
#: Seconds for all rounds of one size, world building included.
BUDGET = 45.0


def _mark(columns: str = "", steps: str = "") -> str:
    """What one would type into psql for the same work: the rows, the counts of their messages.

    A row is newly delivered if its time is this mark's.
    """
    return f"""
    WITH marked AS (
        UPDATE receipts_messagestatus AS status
           SET seen_at = %(at)s, read_at = %(at)s,
               delivered_at = COALESCE(status.delivered_at, %(at)s)
          FROM chat_message AS message
         WHERE status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s
           AND status.message_id <= %(up_to)s
           AND status.seen_at IS NULL AND status.withdrawn_at IS NULL
           AND message.id = status.message_id AND message.deleted_at IS NULL
     RETURNING status.message_id, status.delivered_at = %(at)s AS newly_delivered{columns}
    ), counted AS (
        UPDATE chat_message AS message
           SET read_count = read_count + 1,
               delivered_count = delivered_count + newly_delivered::int
          FROM marked WHERE message.id = marked.message_id
    ){steps}
    SELECT count(*) FROM marked"""


MARK = _mark()
#: The same, and what the sender and the reader's other devices are told, as the service does.
MARK_WITH_EVENTS = _mark(
    ", status.sent_at, message.sender_id",
    """, announced AS (
        INSERT INTO receipts_receiptevent (xid, kind, audience_id, conversation_id, actor_id, state,
                                           is_delivery, messages, message_count, first_message,
                                           marked_at, created_at)
        SELECT pg_current_xact_id()::text::bigint, 'receipt.updated', sender_id, %(conversation)s,
               %(recipient)s, 'read', newly_delivered,
               to_jsonb((array_agg(message_id ORDER BY sent_at, message_id))
                        [GREATEST(count(*) - 19, 1) : count(*)]),
               count(*), (array_agg(message_id ORDER BY sent_at, message_id))[1], %(at)s, now()
          FROM marked GROUP BY sender_id, newly_delivered
         UNION ALL
        SELECT pg_current_xact_id()::text::bigint, 'conversation.read', %(recipient)s,
               %(conversation)s, %(recipient)s, NULL, FALSE, '[]', count(*), NULL, NULL, now()
          FROM marked HAVING count(*) > 0
    )""",
)
#: The reader's watermark.
MOVE = """
    UPDATE chat_conversationparticipant
       SET last_read_message_id = %(up_to)s, last_read_at = %(at)s,
           last_delivered_message_id = GREATEST(last_delivered_message_id, %(up_to)s),
           last_delivered_at = %(at)s
     WHERE conversation_id = %(conversation)s AND user_id = %(recipient)s
       AND COALESCE(last_read_message_id, 0) < %(up_to)s"""


class BulkMark:
    """One size of history, which a different recipient reads in each round.

    Every run starts from fresh, identical tables. Before the timing another recipient marks the
    first message in the same way, to warm the caches, as on a running server.
    """

    def __init__(self, world: World, size: int) -> None:
        self.world, self.size = world, size
        self.conversation = world.conversation.pk
        self.hand = by_hand()
        self.clients = {pk: client_of(pk) for pk in world.recipients}

    def service(self, number: int) -> float:
        """Ours: the service alone, without looking up participant and message."""

        def mark(recipient: int, up_to: int) -> None:
            position = UpTo(
                recipient_id=recipient,
                conversation_id=self.conversation,
                up_to=up_to,
                reached=up_to,
            )
            bulk_mark_read(position=position)

        return self._time(number, mark)

    def endpoint(self, number: int) -> float:
        """Ours: the whole request, with token, look-ups and the unread count in the response."""
        path = f"/api/v1/conversations/{self.conversation}/mark-read/"

        def mark(recipient: int, up_to: int) -> None:
            body = {"up_to_message": up_to}
            self.clients[recipient].post(path, body, content_type="application/json")

        return self._time(number, mark)

    def by_hand(self, number: int) -> float:
        """The same rows, counts and watermark in one transaction of hand-written SQL."""
        return self._by_hand(number, MARK)

    def by_hand_with_events(self, number: int) -> float:
        """The same, with its two events."""
        return self._by_hand(number, MARK_WITH_EVENTS)

    def _by_hand(self, number: int, statement: str) -> float:
        def mark(recipient: int, up_to: int) -> None:
            params = {
                "recipient": recipient,
                "conversation": self.conversation,
                "up_to": up_to,
                "at": timezone.now(),
            }
            with self.hand.transaction():
                self.hand.execute(statement, params)
                self.hand.execute(MOVE, params)

        return self._time(number, mark)

    def loop(self, number: int) -> float:
        """Message by message: read its row, then write it."""

        def mark(recipient: int, up_to: int) -> None:
            mark_in_a_loop(self.conversation, recipient, up_to)

        return self._time(number, mark, counts=False)

    def _time(self, number: int, mark: Callable[[int, int], None], *, counts: bool = True) -> float:
        """Seconds in which one recipient marks everything; checked for having done so."""
        messages = self.world.say(self.size)
        other, recipient = (self.world.recipients[(number + i) % RECIPIENTS] for i in (0, 1))
        mark(other, messages[0])
        taken = seconds(lambda: mark(recipient, messages[-1]))
        read = MessageStatus.objects.filter(recipient_id=recipient, read_at__isnull=False)
        assert read.count() == self.size
        reader = ConversationParticipant.objects.get(user_id=recipient)
        assert reader.last_read_message_id == messages[-1]
        if counts:
            own = Message.objects.filter(conversation=self.conversation)
            sums = own.aggregate(read=Sum("read_count"), got=Sum("delivered_count"))
            assert sums == {"read": self.size + 1, "got": self.size + 1}
        return taken


def one_of_many(world: World) -> None:
    """One mark in a huge group, of which PostgreSQL reckons with all; with our hint and without."""
    conversation, reader = world.conversation.pk, world.recipients[0]
    messages = iter(world.say(HUGE))

    def service(_: int) -> float:
        message = next(messages)
        position = UpTo(
            recipient_id=reader, conversation_id=conversation, up_to=message, reached=message
        )
        return seconds(lambda: bulk_mark_read(position=position))

    # Texts are cached, by what does not tell these from those with the hint.
    without_hint = lru_cache(stamp._statement.__wrapped__)

    def by_statistics(number: int) -> float:
        with (
            patch("receipts.ledger.change.reckoned_few_sql", lambda rows: "TRUE"),
            patch.object(stamp, "_statement", without_hint),
        ):
            return service(number)

    rivals: dict[str, Rival] = {"service": service, "by statistics": by_statistics}
    taken = take_turns(rivals, rounds=41, budget=BUDGET)
    label = f"1 of {HUGE * RECIPIENTS:,} rows"
    times(label, taken)
    compare(label, taken, "service", "by statistics")


def mark_in_a_loop(conversation_id: int, recipient_id: int, up_to: int) -> None:
    """A naive bulk mark in the ORM; it does not update the messages' counts."""
    now = timezone.now()
    messages = Message.objects.filter(
        conversation_id=conversation_id, pk__lte=up_to, deleted_at=None
    ).exclude(sender_id=recipient_id)
    for message in messages:
        existing = MessageStatus.objects.filter(message=message, recipient_id=recipient_id).first()
        if existing is None:
            MessageStatus.objects.create(
                message=message,
                recipient_id=recipient_id,
                conversation_id=conversation_id,
                sent_at=message.created_at,
                delivered_at=now,
                seen_at=now,
                read_at=now,
            )
        elif existing.read_at is None:
            existing.delivered_at = existing.delivered_at or now
            existing.seen_at = existing.read_at = now
            existing.save()
    reader = ConversationParticipant.objects.filter(
        conversation_id=conversation_id, user_id=recipient_id
    ).first()
    if reader is not None:
        reader.last_read_message_id, reader.last_read_at = up_to, now
        reader.save()


def run() -> None:
    """Compare every size with hand-written SQL and, as often as time allows, with the loop."""
    world = World(RECIPIENTS)
    for size, rounds in SIZES.items():
        bulk = BulkMark(world, size)
        label = f"{size:,} messages"
        beside_hand(bulk, label, rounds)
        taken = take_turns(
            {"loop": bulk.loop, "service": bulk.service, "endpoint": bulk.endpoint},
            rounds=LOOPS[size],
            budget=BUDGET,
        )
        times(label, taken)
        compare(label, taken, "loop", "service")
        compare(label, taken, "loop", "endpoint")
        bulk.hand.close()
    one_of_many(world)
    world.surround(OTHERS)
    bulk = BulkMark(world, max(SIZES))
    beside_hand(bulk, f"{max(SIZES):,} of {max(SIZES) + OTHERS:,} messages", SIZES[max(SIZES)])
    bulk.hand.close()


def beside_hand(bulk: BulkMark, label: str, rounds: int) -> None:
    """The service and the endpoint beside hand-written SQL."""
    rivals: dict[str, Rival] = {
        "service": bulk.service,
        "endpoint": bulk.endpoint,
        "by hand": bulk.by_hand,
        "by hand, with events": bulk.by_hand_with_events,
    }
    taken = take_turns(rivals, rounds=rounds, budget=BUDGET)
    times(label, taken)
    compare(label, taken, "service", "by hand")
    compare(label, taken, "service", "by hand, with events")
    compare(label, taken, "endpoint", "by hand")
