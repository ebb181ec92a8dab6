"""Rows that an import adds or removes, with the counts of their messages (rule 19).

A stay that comes with a later file adds rows of messages that were imported before, and one that
turns out to have ended earlier removes some. No event is published: a history happened elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from receipts.ledger.counting import COUNTS
from receipts.ledger.noting import note_selected
from receipts.sql.run import execute

#: SQL: each count of a message from its rows, which may be none: those of a LEFT JOIN.
COUNTED_SQL = ", ".join(
    f"COUNT(CASE WHEN {holds.format('status.')} THEN status.id END) AS {count}"
    for count, holds in COUNTS.items()
)


def recount(messages_sql: str, params: Mapping[str, object]) -> int:
    """Set the counts of locked messages from their rows; ``messages_sql`` selects their ids."""
    note_selected(f"id IN ({messages_sql})", params)
    return execute(
        f"""
    UPDATE chat_message AS message
       SET {", ".join(f"{count} = counted.{count}" for count in COUNTS)}
      FROM (SELECT message.id, {COUNTED_SQL}
              FROM chat_message AS message
              LEFT JOIN receipts_messagestatus AS status ON status.message_id = message.id
               AND status.conversation_id = message.conversation_id
             WHERE message.id IN ({messages_sql})
             GROUP BY message.id) AS counted
     WHERE counted.id = message.id""",
        params,
    )
