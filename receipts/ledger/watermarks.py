"""How far a participant has come, as others may know it: watermarks, which only move forward.

A read watermark says "everything up to here is read". It does not move past what was read
privately, since it would tell of that (rule 13); nor does an untracked message move any (rule 15).
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from receipts.ledger.marks import Mark, discloses
from receipts.sql.prepared import execute

#: A participant's position, or those of one user in many conversations.
ONE_POSITION = """
    SELECT CAST(%(conversation)s AS bigint) AS conversation_id,
           CAST(%(up_to)s AS bigint) AS up_to"""

_BEHIND = (
    "(participant.last_{0}_message_id IS NULL OR participant.last_{0}_message_id < marked.up_to)"
)
_TOLD = """NOT EXISTS (
           SELECT 1 FROM receipts_messagestatus AS private
            WHERE private.recipient_id = participant.user_id
              AND private.conversation_id = participant.conversation_id
              AND private.message_id <= marked.up_to AND private.delivered_at IS NOT NULL
              AND private.seen_at IS NOT NULL AND private.read_at IS NULL
              AND private.withdrawn_at IS NULL)"""
#: When each watermark moves.
MOVES = {"delivered": _BEHIND.format("delivered"), "read": f"{_BEHIND.format('read')} AND {_TOLD}"}


def advance_watermarks(mark: Mark, positions: str, params: dict[str, Any]) -> None:
    """Move a user's watermarks to ``positions``, a SELECT of conversations and messages.

    Must come before the marks themselves: whoever leaves locks participants before messages, too
    (rule 22).
    """
    with connection.cursor() as cursor:
        execute(
            cursor,
            _STATEMENTS[discloses(mark)].replace("{positions}", positions),
            {**params, "at": connection.ops.adapt_datetimefield_value(mark.at)},
        )


def _statement(states: tuple[str, ...]) -> str:
    assignments = ", ".join(
        f"{column} = CASE WHEN {MOVES[state]} THEN {value} ELSE participant.{column} END"
        for state in states
        for column, value in (
            (f"last_{state}_message_id", "marked.up_to"),
            (f"last_{state}_at", "%(at)s"),
        )
    )
    moves = " OR ".join(f"({MOVES[state]})" for state in states)
    return f"""
        UPDATE chat_conversationparticipant AS participant SET {assignments}
          FROM ({{positions}}) AS marked
         WHERE participant.user_id = %(recipient)s
           AND participant.conversation_id = marked.conversation_id AND ({moves})"""


#: By whether others may know of the read.
_STATEMENTS = {False: _statement(("delivered",)), True: _statement(("delivered", "read"))}
