"""Sending a message: our service against the bare INSERTs of it and its recipients' rows."""

from __future__ import annotations

from django.utils import timezone

from benchmarks.timing import compare, seconds, take_turns, times
from benchmarks.world import World, by_hand, execute
from chat.models import Message
from receipts.models import MessageStatus
from receipts.services import send_message

SIZES = {10: 300, 100: 150, 1_000: 60}
#: Seconds for all rounds of one size.
BUDGET = 15.0

#: The least that a message and its rows need, in one transaction.
MESSAGE = """
    INSERT INTO chat_message (conversation_id, sender_id, body, created_at, tracking,
                              recipient_count, delivered_count, read_count, failed_count)
    VALUES (%(conversation)s, %(sender)s, 'Hello', %(at)s, 'tracked', %(recipients)s, 0, 0, 0)
    RETURNING id"""
ROWS = """
    INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at)
    SELECT %(message)s, participant.user_id, participant.conversation_id, %(at)s
      FROM chat_conversationparticipant AS participant
      JOIN chat_user AS recipient ON recipient.id = participant.user_id AND recipient.is_active
     WHERE participant.conversation_id = %(conversation)s AND participant.is_active
       AND participant.user_id <> %(sender)s
     ORDER BY participant.user_id"""


def run() -> None:
    """Each size in a group of its own; both write into the same tables, turn by turn."""
    for size, rounds in SIZES.items():
        world = World(size)
        world.say(10)
        execute("TRUNCATE chat_message, receipts_messagestatus RESTART IDENTITY")
        hand = by_hand()
        params = {
            "conversation": world.conversation.pk,
            "sender": world.sender.pk,
            "recipients": size,
        }

        def service(_: int, world: World = world) -> float:
            return seconds(
                lambda: send_message(
                    conversation_id=world.conversation.pk, sender=world.sender, body="Hello"
                )
            )

        def bare(_: int, hand=hand, params=params) -> float:  # type: ignore[no-untyped-def]
            def send() -> None:
                at = {"at": timezone.now()}
                with hand.transaction():
                    message = hand.execute(MESSAGE, params | at).fetchone()[0]
                    hand.execute(ROWS, params | at | {"message": message})

            return seconds(send)

        for warm in range(20):
            service(warm), bare(warm)
        taken = take_turns({"service": service, "bare": bare}, rounds=rounds, budget=BUDGET)
        hand.close()
        assert MessageStatus.objects.count() == size * Message.objects.count()
        label = f"{size:,} recipients"
        times(label, taken)
        compare(label, taken, "service", "bare")
