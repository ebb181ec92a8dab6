"""Conversations that are deleted: closed for everybody, while their rows are being removed."""

from __future__ import annotations


def present_sql(conversation: str) -> str:
    """SQL condition: the conversation is not deleted.

    The deleted ones are few; their ids are looked up once in a statement, by a partial index.
    """
    return (
        f"{conversation} NOT IN (SELECT deleted.id FROM chat_conversation AS deleted"
        " WHERE deleted.deleted_at IS NOT NULL)"
    )
