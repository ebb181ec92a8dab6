"""The rows of a batch as a relation: each with its mark's time, its text, and who gave the time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from chat.models import Tracking
from chat.sql.prepared import adapt

#: The items as a relation, one row each: from arrays, or from a JSON text.
RELATION = {
    "postgresql": "unnest(CAST(%(messages)s AS bigint[]), CAST(%(names)s AS text[]),"
    " CAST(%(usernames)s AS text[])) WITH ORDINALITY AS asked (message_id, name, username, place)",
    "sqlite": "(SELECT value ->> 0 AS message_id, value ->> 1 AS name, value ->> 2 AS username,"
    " key + 1 AS place FROM json_each(%(asked)s)) AS asked",
}

#: The item's user, a JOIN. On PostgreSQL each name is looked up by itself: otherwise it reads all
#: users, up to some 40,000, to find a hundred. SQLite has no LATERAL, and looks up each anyway.
USER = {
    "postgresql": "JOIN LATERAL (SELECT * FROM chat_user AS named"
    " WHERE named.username = asked.username LIMIT 1) AS recipient ON recipient.is_active",
    "sqlite": "JOIN chat_user AS recipient ON recipient.username = asked.username"
    " AND recipient.is_active",
}

#: For each item whose user takes part in its message's conversation: their row, if it exists, and
#: its state. An archived message has no rows any more, so every participant but its sender counts
#: as a recipient who has read it.
RESOLVE = f"""
    SELECT asked.place, message.id, recipient.id, participant.id, recipient.read_receipts_enabled,
           recipient.delivery_receipts_enabled, message.conversation_id, status.id,
           status.withdrawn_at IS NOT NULL, message.deleted_at IS NOT NULL,
           message.archived_at IS NOT NULL AND message.sender_id <> recipient.id,
           asked.name IS NOT NULL AND COALESCE(message.external_id <> asked.name, TRUE),
           CASE WHEN message.tracking = '{Tracking.BY_POSITION.value}'
                 AND message.sender_id <> recipient.id THEN message.created_at END
      FROM {{relation}}
      LEFT JOIN chat_messagename AS named ON named.external_id = asked.name
      JOIN chat_message AS message ON message.id = COALESCE(asked.message_id, named.message_id)
      {{user}}
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = message.conversation_id
       AND participant.user_id = recipient.id AND participant.is_active
      LEFT JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND status.recipient_id = recipient.id
       AND status.conversation_id = message.conversation_id
     ORDER BY asked.place"""

#: A JOIN of each row with its mark. Citus takes the columns of a function of several arrays for
#: those of one, unless it is WITH ORDINALITY.
SOURCE = {
    "postgresql": """JOIN unnest(CAST(%(rows)s AS bigint[]),
                 CAST(%(conversations)s AS bigint[]), CAST(%(times)s AS timestamptz[]),
                 CAST(%(contents)s AS text[]), CAST(%(given)s AS boolean[]))
              WITH ORDINALITY AS mark (row_id, conversation_id, at, content, given, place)
            ON mark.row_id = status.id AND mark.conversation_id = status.conversation_id""",
    "sqlite": """JOIN (SELECT value ->> 0 AS row_id, value ->> 2 AS at, value ->> 3 AS content,
                            value ->> 4 AS given
                     FROM json_each(%(marks)s)) AS mark ON mark.row_id = status.id""",
}


def mark_params(rows: Iterable[tuple[int, int, datetime, str | None, bool]]) -> dict[str, Any]:
    """The parameters of ``SOURCE``.

    Of each row its id and conversation, and its mark's time and text, and if the time was given.
    """
    ids, conversations, times, contents, given = zip(*rows, strict=True)
    if connection.vendor == "sqlite":
        marks = zip(ids, conversations, map(adapt, times), contents, given, strict=True)
        return {"marks": json.dumps(list(marks))}
    return {
        "rows": list(ids),
        "conversations": list(conversations),
        "times": list(times),
        "contents": list(contents),
        "given": list(given),
    }
