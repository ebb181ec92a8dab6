"""Sending a message: our service compared with the bare INSERTs of message and rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from django.utils import timezone

from benchmarks.timing import Rival, compare, seconds, take_turns, times
from benchmarks.world import World, by_hand, tidy
from chat.models import Message
from receipts.models import MessageStatus
from receipts.services import send_message

SIZES = {10: 300, 100: 150, 1_000: 60}
#: Rows of another group in the same tables. A plan that was made while the tables were nearly empty
#: reads them whole until autovacuum has counted again, however they have grown since.
OTHERS = 200_000
#: Seconds for all rounds of one size.
BUDGET = 15.0

#: The minimum for a message and its rows, in one transaction.
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


class Sending:
    """A group of one size; both rivals send the same message in turns, into the same tables."""

    def __init__(self, recipients: int) -> None:
        self.recipients = recipients
        self.world = World(recipients)
        self.world.surround(OTHERS // recipients)
        self.hand = by_hand()

    def service(self, _: int) -> float:
        """Ours: permission, recipients, the message, its rows, the sender's own watermark."""
        conversation, sender = self.world.conversation.pk, self.world.sender
        return seconds(
            lambda: send_message(conversation_id=conversation, sender=sender, body="Hello")
        )

    def bare(self, _: int) -> float:
        """The two INSERTs alone."""
        return seconds(self._insert)

    def _insert(self) -> None:
        params = {
            "conversation": self.world.conversation.pk,
            "sender": self.world.sender.pk,
            "recipients": self.recipients,
            "at": timezone.now(),
        }
        with self.hand.transaction():
            message = self.hand.execute(MESSAGE, params).fetchall()[0][0]
            self.hand.execute(ROWS, params | {"message": message})


def run() -> None:
    """On a thread, as in a server: on the main one a statement has to give way to Ctrl-C."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_compare).result()


def _compare() -> None:
    """Each size in its own group, after some untimed messages."""
    for size, rounds in SIZES.items():
        sending = Sending(size)
        for number in range(20):
            sending.service(number)
            sending.bare(number)
        tidy(Message, MessageStatus)
        rivals: dict[str, Rival] = {"service": sending.service, "bare": sending.bare}
        taken = take_turns(rivals, rounds=rounds, budget=BUDGET)
        sending.hand.close()
        own = {"conversation": sending.world.conversation}
        sent = Message.objects.filter(**own).count()
        assert MessageStatus.objects.filter(**own).count() == size * sent
        label = f"{size:,} recipients"
        times(label, taken)
        compare(label, taken, "service", "bare")
    connection.close()
