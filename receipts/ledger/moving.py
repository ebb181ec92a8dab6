"""The plain move of one position in one statement: an open mark, and nothing private (rule 16).

As ``advancing`` has it, for the participants who never hid anything here and have one stay: these
are nearly all. The condition is on the row's own columns, which may have changed while it was
waited for.
"""

from __future__ import annotations

from datetime import datetime

from chat.sql.prepared import adapt, fetch_prepared
from receipts.ledger.marks import Mark

#: The position before this one, if it moves; else nothing changes.
_MOVES = "{column} = CASE WHEN {state}_up_to < %(goal)s THEN {value} ELSE {column} END"
_DELIVERED = ", ".join(
    _MOVES.format(column=column, value=value, state="delivered")
    for column, value in (
        ("delivered_from", "delivered_up_to"),
        ("delivered_moved_at", "%(at)s"),
        ("delivered_up_to", "%(goal)s"),
        ("received_up_to", "%(goal)s"),
        ("known_up_to", "%(goal)s"),
    )
)
_READ = """read_from = read_up_to, read_moved_at = %(at)s, read_up_to = %(goal)s,
           seen_up_to = %(goal)s"""
_MOVE = """
    UPDATE receipts_memberposition SET moved_at = %(at)s, {sets}
     WHERE conversation_id = %(conversation)s AND recipient_id = %(recipient)s
       AND ended = 0 AND until IS NULL AND since < %(goal)s AND {state}_up_to < %(goal)s
       AND received_up_to = delivered_up_to AND seen_up_to = read_up_to
       AND read_up_to <= delivered_up_to
       AND NOT EXISTS (
           SELECT 1 FROM receipts_memberposition AS other
            WHERE other.conversation_id = %(conversation)s AND other.recipient_id = %(recipient)s
              AND other.ended = 0 AND other.until IS NOT NULL)
    RETURNING 1"""
_STATEMENTS = {
    True: _MOVE.format(sets=f"{_DELIVERED}, {_READ}", state="read"),
    False: _MOVE.format(sets=_DELIVERED, state="delivered"),
}


def moved_at_once(
    *, conversation_id: int, recipient_id: int, message_id: int, sent_at: datetime, mark: Mark
) -> bool:
    """Move a position forward to a message; False if there is more to do, or nothing."""
    if mark.hides_delivery or mark.private or mark.explicit or mark.backdated:
        return False
    params = {
        "conversation": conversation_id,
        "recipient": recipient_id,
        "goal": message_id,
        "at": adapt(max(mark.at, sent_at)),
    }
    return bool(fetch_prepared(_STATEMENTS[mark.read], params))
