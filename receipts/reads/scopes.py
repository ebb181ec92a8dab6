"""Whose messages insights are of, as SQL of the messages and of their conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: SQL condition: a conversation in which a sender still takes part (decision 0007).
TAKES_PART = """{0} IN (
               SELECT own.conversation_id FROM chat_conversationparticipant AS own
                WHERE own.user_id = %(sender)s AND own.is_active)"""


@dataclass(frozen=True)
class InsightsScope:
    """The messages of one sender or of everybody, in one conversation or in all."""

    sender_id: int | None = None
    conversation_id: int | None = None

    @property
    def of_everything(self) -> bool:
        """Neither of one sender nor of one conversation."""
        return self.sender_id is None and self.conversation_id is None

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of both conditions."""
        return {"sender": self.sender_id, "conversation": self.conversation_id}

    def of_messages(self, table: str = "") -> str:
        """SQL: the messages or parts of a table, each condition after an AND."""
        return self.of_sender(table) + self.of_conversations(table)

    def of_sender(self, table: str = "") -> str:
        """SQL: the sender's of a table, after an AND."""
        return "" if self.sender_id is None else f" AND {table}sender_id = %(sender)s"

    def of_conversations(self, table: str = "") -> str:
        """SQL: what a table has of the conversations, each condition after an AND."""
        named = f"{table}conversation_id"
        taking_part = "" if self.sender_id is None else f" AND {TAKES_PART.format(named)}"
        of_one = "" if self.conversation_id is None else f" AND {named} = %(conversation)s"
        return taking_part + of_one
