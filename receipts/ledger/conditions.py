"""SQL over ``status`` and its ``message`` of which marks and other changes are put together."""

from __future__ import annotations

from chat.models import Tracking


def not_before_sent(at: str) -> str:
    """SQL: a mark's time, at least the message's own (rule 6). Callers clamp it to now."""
    return f"CASE WHEN status.sent_at > {at} THEN status.sent_at ELSE {at} END"


#: Marks change nothing on withdrawn rows (rule 2) or under deleted messages (rule 21).
MARKABLE_SQL = "status.withdrawn_at IS NULL AND message.deleted_at IS NULL"

#: SQL condition: the recipient has not read the message, or has marked it unread again.
UNSEEN_SQL = "status.seen_at IS NULL"

TRACKED_SQL = f"message.tracking = '{Tracking.TRACKED.value}'"

#: SQL condition: a private read that an explicit open mark has disclosed later (rule 13).
DISCLOSED_LATER_SQL = "COALESCE(status.seen_at < status.read_at, FALSE)"

_SEEN_SQL = "status.seen_at IS NOT NULL AND status.read_at IS NULL"
#: SQL conditions: a private read, of a row that was delivered openly, or privately. A row that was
#: seen and never delivered keeps no receipt. Each is found by a partial index.
PRIVATELY_READ_SQL = (
    f"{_SEEN_SQL} AND status.delivered_at IS NOT NULL",
    f"{_SEEN_SQL} AND status.delivered_at IS NULL AND status.received_at IS NOT NULL",
)

#: True of every row that is not delivered: a read is. It lets PostgreSQL find these rows by the
#: partial indexes ``status_unread`` and ``status_seen_only``, and does not read the whole table.
UNREAD_OR_SEEN_ONLY_SQL = f"(status.seen_at IS NULL OR ({_SEEN_SQL}))"

#: When a row was first read, as far as it records: one marked unread again (rule 10) still has its
#: receipt. Null for a row that was never read.
FIRST_READ_SQL = (
    f"CASE WHEN {DISCLOSED_LATER_SQL} THEN status.seen_at"
    " ELSE COALESCE(status.read_at, status.seen_at) END"
)
