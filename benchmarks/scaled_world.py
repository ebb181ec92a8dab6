"""Worlds of one shape and of different sizes, each in a database of its own on one server.

A conversation has a sender and 20 recipients, who take part in ten conversations each, and 50
messages over 25 days, of which the newest ten are unread by everybody. Everything is computed from
ids, which begin at 1, so that each table is one INSERT.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from benchmarks.world import NAME, execute, multiply, tidy
from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.models import MessageStatus

RECIPIENTS = 20
PEOPLE = RECIPIENTS + 1
CONVERSATIONS_EACH = 10
MESSAGES = 50
UNREAD = 10
#: Status rows of one conversation.
ROWS = RECIPIENTS * MESSAGES


@dataclass
class ScaledWorld:
    """A database with that many status rows; ``entered`` makes it the one that everything uses."""

    database: str
    rows: int

    @property
    def conversations(self) -> int:
        """How many there are; their ids are 1 up to that."""
        return self.rows // ROWS

    @cached_property
    def group(self) -> int:
        """A group of people in the middle of all, by number from 0."""
        return self.conversations // CONVERSATIONS_EACH // 2

    def person(self, number: int) -> int:
        """The id of somebody of that group: of its sender (0) or a recipient (1 to 20)."""
        return 1 + self.group * PEOPLE + number

    def conversation(self, number: int) -> int:
        """The id of a conversation of that group, from 0 to 9."""
        return 1 + self.group * CONVERSATIONS_EACH + number

    def message(self, conversation: int, place: int) -> int:
        """The id of a message by its conversation's number and its place in it, from 0 to 49."""
        return place * self.conversations + self.conversation(conversation)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Connected to this database, by a connection that stays open."""
        outside = connections["default"]
        connections["default"] = self._connection
        try:
            yield
        finally:
            connections["default"] = outside

    @cached_property
    def _connection(self) -> Any:
        found = connections["default"].copy()
        found.settings_dict["NAME"] = self.database
        return found

    def build(self) -> None:
        """Create the database and fill it."""
        self.drop()
        execute(f"CREATE DATABASE {self.database}")
        with self.entered():
            call_command("migrate", verbosity=0)
            self._fill()
            tidy(User, Conversation, ConversationParticipant, Message, MessageStatus)

    def drop(self) -> None:
        """Remove the database, if it exists."""
        self._connection.close()
        execute(f"DROP DATABASE IF EXISTS {self.database}")

    def _fill(self) -> None:
        now, each = timezone.now(), self.conversations
        people = each // CONVERSATIONS_EACH * PEOPLE
        user = User.objects.create(username=f"{NAME}1", password="!", display_name="Bench 1")
        multiply(user, people - 1, username=f"'{NAME}' || n + 1", display_name="'Bench ' || n + 1")
        multiply(Conversation.objects.create(kind="group", title="Bench"), each - 1)
        newest_read = (MESSAGES - UNREAD - 1) * each
        member = ConversationParticipant.objects.create(
            conversation_id=1, user=user, joined_at=now - timedelta(days=40),
            last_read_message_id=newest_read + 1, last_read_at=now,
        )  # fmt: skip
        multiply(
            member,
            each * PEOPLE - 1,
            conversation_id=f"1 + n / {PEOPLE}",
            user_id=f"1 + n / {PEOPLE * CONVERSATIONS_EACH} * {PEOPLE} + n %% {PEOPLE}",
            last_read_message_id=f"{newest_read + 1} + n / {PEOPLE}",
        )
        message = Message.objects.create(
            conversation_id=1, sender=user, body="Hello", created_at=now - timedelta(days=30),
            recipient_count=RECIPIENTS, delivered_count=RECIPIENTS, read_count=RECIPIENTS,
        )  # fmt: skip
        # As they arrive: one in each conversation, then the next in each.
        read = f"CASE WHEN n / {each} < {MESSAGES - UNREAD} THEN {RECIPIENTS} ELSE 0 END"
        multiply(
            message,
            each * MESSAGES - 1,
            conversation_id=f"1 + n %% {each}",
            sender_id=f"1 + n %% {each} / {CONVERSATIONS_EACH} * {PEOPLE}",
            created_at=f"first.created_at + n / {each} * interval '12 hours'"
            f" + n %% {each} * interval '1 millisecond'",
            delivered_count=read,
            read_count=read,
        )
        # Read after some seconds or hours, few of them late.
        read_at = """CASE WHEN message.read_count > 0 THEN message.created_at
            + power(10, 5.0 * ((message.id * 7 + n * 131) %% 1000) / 1000) * interval '1 second'
            END"""
        execute(
            f"""INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id,
                       sent_at, delivered_at, seen_at, read_at)
                SELECT message.id, message.sender_id + n, message.conversation_id,
                       message.created_at, {read_at}, {read_at}, {read_at}
                  FROM chat_message AS message, generate_series(1, %s) AS n
                 ORDER BY message.id, n""",
            [RECIPIENTS],
        )
