"""Test data, created set-based: a sender and recipients in one group, and messages."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model
from django.test import Client

from chat.authentication import issue_token
from chat.models import Conversation, ConversationParticipant, Message, Role, User
from receipts.models import MessageStatus

NAME = "bench-"


class World:
    """A group of one sender and some recipients, without messages. Only one exists at a time."""

    def __init__(self, recipients: int) -> None:
        clear()
        self.sender = User.objects.create(username=f"{NAME}0", password="!", display_name="Bench 0")
        multiply(
            self.sender,
            recipients,
            username=f"'{NAME}' || n",
            display_name="'Bench ' || n || ', team ' || n %% 10",
        )
        self.recipients = range(self.sender.pk + 1, self.sender.pk + 1 + recipients)
        self.conversation = Conversation.objects.create(kind="group", title="Bench")
        self.is_alone = True
        self._take_part(self.sender.pk, role=Role.OWNER)
        first = self._take_part(self.recipients[0], role=Role.MEMBER)
        multiply(first, recipients - 1, user_id="first.user_id + n")
        tidy(User, ConversationParticipant)

    def _take_part(self, user_id: int, role: str) -> ConversationParticipant:
        return ConversationParticipant.objects.create(
            conversation=self.conversation, user_id=user_id, role=role
        )

    def surround(self, messages: int) -> None:
        """Put messages of another conversation in the tables, and nothing else."""
        execute("TRUNCATE chat_message, receipts_messagestatus")
        other = Conversation.objects.create(kind="group", title="Others")
        self._send(other, messages)
        tidy(Message, MessageStatus)
        self.is_alone = False

    def say(self, count: int, **fields: Any) -> range:
        """Delete this group's messages and send ``count`` new ones, all unread; return their ids.

        No id is given twice: a process remembers in which conversation a message stands.
        """
        if self.is_alone:
            execute("TRUNCATE chat_message, receipts_messagestatus")
        else:
            for table in "receipts_messagestatus", "chat_message":
                own = [self.conversation.pk]
                execute(f"DELETE FROM {table} WHERE conversation_id = %s", own)
            tidy(Message, MessageStatus)  # its rows' places are free again
        ConversationParticipant.objects.filter(last_delivered_message__gt=0).update(
            last_delivered_message=None,
            last_delivered_at=None,
            last_read_message=None,
            last_read_at=None,
        )
        sent = self._send(self.conversation, count, **fields)
        tidy(Message, MessageStatus, ConversationParticipant)
        return sent

    def _send(self, conversation: Conversation, count: int, **fields: Any) -> range:
        """Messages to all recipients of this world."""
        first = Message.objects.create(
            conversation=conversation,
            sender=self.sender,
            body="Hello",
            recipient_count=len(self.recipients),
            **fields,
        )
        multiply(first, count - 1)
        execute(
            """INSERT INTO receipts_messagestatus
                      (message_id, recipient_id, conversation_id, sent_at)
               SELECT message.id, participant.user_id, message.conversation_id, message.created_at
                 FROM chat_message AS message
                 JOIN chat_conversationparticipant AS participant
                   ON participant.conversation_id = %s AND participant.user_id <> message.sender_id
                WHERE message.conversation_id = %s
                ORDER BY message.id, participant.user_id""",
            [self.conversation.pk, conversation.pk],
        )
        return range(first.pk, first.pk + count)


def multiply(first: Model, count: int, **columns: str) -> None:
    """Copy a row ``count`` times in one statement; ``columns`` are SQL over ``n``, from 1."""
    fields = [field for field in first._meta.concrete_fields if not field.primary_key]
    names = [str(field.column) for field in fields if not field.generated]
    values = ", ".join(columns.get(name, f"first.{name}") for name in names)
    execute(
        f"""INSERT INTO {first._meta.db_table} ({", ".join(names)})
            SELECT {values} FROM {first._meta.db_table} AS first, generate_series(1, %s) AS n
             WHERE first.id = %s ORDER BY n""",
        [count, first.pk],
    )


def clear() -> None:
    """Delete all users and everything that refers to them, in tables of later versions too.

    Sequences go on, as in ``World.say``.
    """
    execute("TRUNCATE chat_user, chat_conversation, receipts_messagestatus CASCADE")


def refuse_strangers() -> None:
    """Refuse a database in use, since benchmarks empty theirs."""
    if User.objects.exclude(username__startswith=NAME).exists():
        raise SystemExit("This database is in use; the benchmarks need an empty one.")


def tidy(*models: type[Model]) -> None:
    """Vacuum tables as autovacuum would, so that no rival pays for another's dead rows."""
    execute("VACUUM (ANALYZE) " + ", ".join(model._meta.db_table for model in models))


def execute(statement: str, params: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def by_hand() -> psycopg.Connection[Any]:
    """A connection as in psql: client-side parameters, nothing prepared, no framework."""
    return psycopg.connect(
        os.environ["DATABASE_URL"],
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=psycopg.ClientCursor,
    )


def token_of(user_id: int) -> str:
    """A token as a chat product's backend signs it."""
    return issue_token(User.objects.get(pk=user_id))[0]


def token_for(username: str) -> str:
    """The same, without checking that the user exists."""
    return issue_token(User(username=username))[0]


def client_of(user_id: int) -> Client:
    """A user's test client: the whole service in this process, without the server."""
    return Client(headers={"Authorization": f"Bearer {token_of(user_id)}"}, SERVER_NAME="localhost")
