"""Check that messages and the table of their names agree (``MessageName``), and mend it.

A name is written in the transaction of its message, so a difference means a manual change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from chat.models import Message, MessageName
from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list, lock_in_order
from receipts.upkeep.stretches import OF_BATCH, OF_CONVERSATION, OF_MESSAGES

_OF_NAMES = f"""{OF_BATCH.format("named.external_id")}
       AND {OF_CONVERSATION.format("named.conversation_id")}"""
_LAST = """
    SELECT MAX(external_id) FROM (
        SELECT external_id FROM chat_messagename WHERE external_id > %(after)s
         ORDER BY external_id LIMIT %(size)s) AS batch"""

#: Names that are not those of their messages, and why.
_WRONG = f"""
    SELECT named.external_id, CASE
           WHEN message.id IS NULL THEN 'its message ' || named.message_id || ' does not exist'
           WHEN message.external_id IS NULL THEN 'its message ' || message.id || ' has no name'
           WHEN message.external_id <> named.external_id
           THEN 'its message ' || message.id || ' has another name'
           ELSE 'its conversation is ' || named.conversation_id
                || ', its message''s is ' || message.conversation_id END
      FROM chat_messagename AS named
      LEFT JOIN chat_message AS message ON message.id = named.message_id
     WHERE {_OF_NAMES}
       AND (message.id IS NULL OR message.external_id IS NULL
            OR message.external_id <> named.external_id
            OR message.conversation_id <> named.conversation_id)
     ORDER BY named.external_id"""
#: The name of a message that has none is still known. Others are names of no message.
_MEND = (
    f"""
    UPDATE chat_message AS message SET external_id = named.external_id
      FROM chat_messagename AS named
     WHERE {_OF_NAMES}
       AND message.id = named.message_id AND message.external_id IS NULL""",
    f"""
    UPDATE chat_messagename AS named SET conversation_id = message.conversation_id
      FROM chat_message AS message
     WHERE {_OF_NAMES}
       AND message.id = named.message_id AND message.external_id = named.external_id
       AND message.conversation_id <> named.conversation_id""",
    f"""
    DELETE FROM chat_messagename AS named
     WHERE {_OF_NAMES}
       AND NOT EXISTS (SELECT 1 FROM chat_message AS message
                        WHERE message.id = named.message_id
                          AND message.external_id = named.external_id)""",
)

#: Where messages are distributed, what is on every node is changed by lists: names of a message in
#: another conversation, and names of no message.
_MOVED = f"""
    SELECT named.external_id, message.conversation_id FROM chat_messagename AS named
      JOIN chat_message AS message ON message.id = named.message_id
       AND message.external_id = named.external_id
     WHERE {_OF_NAMES} AND message.conversation_id <> named.conversation_id"""
_OF_NOTHING = f"""
    SELECT named.external_id FROM chat_messagename AS named
      LEFT JOIN chat_message AS message ON message.id = named.message_id
       AND message.external_id = named.external_id
     WHERE {_OF_NAMES} AND message.id IS NULL"""

#: Messages with a name that is not in the table, or is another message's there.
_NAMELESS = f"""
    SELECT message.id, message.external_id, other.message_id
      FROM chat_message AS message
      LEFT JOIN chat_messagename AS other ON other.external_id = message.external_id
     WHERE {OF_MESSAGES} AND message.external_id IS NOT NULL
       AND (other.message_id IS NULL OR other.message_id <> message.id)
     ORDER BY message.id"""
_NAME = """
    INSERT INTO chat_messagename (external_id, message_id, conversation_id)
    SELECT message.external_id, message.id, message.conversation_id FROM chat_message AS message
     WHERE {those} AND message.external_id IS NOT NULL
     ORDER BY message.external_id
        ON CONFLICT (external_id) DO NOTHING"""


def _mend(batch: dict[str, Any]) -> None:
    """Make the names of a batch those of their messages."""
    if not is_distributed():
        for statement in _MEND:
            execute(statement, batch)
        return
    execute(_MEND[0], batch)
    for name, conversation in fetch_rows(_MOVED, batch):
        MessageName.objects.filter(pk=name).update(conversation=conversation)
    nothing = [name for (name,) in fetch_rows(_OF_NOTHING, batch)]
    MessageName.objects.filter(pk__in=nothing).delete()


@dataclass
class NameCheck:
    """Names first, so that those of no message are free for the messages that have them."""

    tell: Callable[[str], None]
    conversation: int | None
    fix: bool
    found: int = 0
    fixed: int = 0

    def check_names(self, size: int) -> None:
        """Find the names that are not those of their messages, ``size`` names at a time."""
        after: str = ""
        while True:
            ((up_to,),) = fetch_rows(_LAST, {"after": after, "size": size})
            if up_to is None:
                return
            batch = {"after": after, "up_to": up_to, "conversation": self.conversation}
            wrong = fetch_rows(_WRONG, batch)
            self.found += len(wrong)
            for name, reason in wrong:
                self.tell(f"name {name}: {reason}")
            if wrong and self.fix:
                with transaction.atomic():
                    _mend(batch)
                self.fixed += len(wrong) - len(fetch_rows(_WRONG, batch))
            after = up_to

    def check_messages(self, batch: dict[str, Any]) -> None:
        """Find the messages of a batch of ids whose names are missing or another message's."""
        nameless = fetch_rows(_NAMELESS, batch)
        self.found += len(nameless)
        for message, name, other in nameless:
            reason = "is not in the table of names" if other is None else f"is message {other}'s"
            self.tell(f"message {message}: its name {name} {reason}")
        if nameless and self.fix:
            ids = [message for message, *_ in nameless]
            with transaction.atomic():  # locked: it may be erased, and its name with it
                locked = lock_in_order(Message.objects.filter(pk__in=ids))
                execute(_NAME.format(those=among_ids("message.id")), {"ids": id_list(locked)})
            self.fixed += len(nameless) - len(fetch_rows(_NAMELESS, batch))
