"""Messages of a history, found by their names: the ids that the source gives them."""

from __future__ import annotations

from receipts.importing.order import IMPORTED_SQL

#: SQL: the message that has a name, wherever messages are stored by conversation.
_OF_NAME = """chat_message AS message ON message.id = named.message_id
               AND message.conversation_id = named.conversation_id"""


def named_sql(name: str) -> str:
    """SQL: what to join with, for the imported ``message`` with this name."""
    return f"""chat_messagename AS named ON named.external_id = {name}
              JOIN {_OF_NAME} AND {IMPORTED_SQL}"""


def imported_sql(name: str, condition: str = "TRUE") -> str:
    """SQL condition: there is an imported message with this name, and the condition is true."""
    return f"""EXISTS (
    SELECT 1 FROM chat_messagename AS named JOIN {_OF_NAME}
     WHERE named.external_id = {name} AND {IMPORTED_SQL} AND {condition})"""


def say_no_message(field: str, name: str, otherwise: str) -> str:
    """SQL: why no imported message has this name: it was sent here, or else ``otherwise``."""
    return f"""{field} || CASE WHEN EXISTS (
    SELECT 1 FROM chat_messagename AS named JOIN {_OF_NAME}
     WHERE named.external_id = {name} AND NOT {IMPORTED_SQL})
     THEN ': message ' || {name} || ' was sent here, not imported' ELSE {otherwise} END"""
