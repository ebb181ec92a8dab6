"""Changes that undo marks or remove rows from the counts: unread, retracted, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping

from receipts.ledger.change import Change
from receipts.ledger.conditions import MARKABLE_SQL
from receipts.ledger.departed import DEPARTED_AT_SQL
from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL

#: The same, with a fallback for data from other tools: departed recipients without such a row.
GONE_AT_SQL = f"""COALESCE({DEPARTED_AT_SQL}, (
        SELECT CASE WHEN participant.left_at IS NOT NULL THEN participant.left_at
                    WHEN NOT member.is_active THEN %(now)s END
          FROM chat_conversationparticipant AS participant
          JOIN chat_user AS member ON member.id = participant.user_id
         WHERE participant.user_id = status.recipient_id
           AND participant.conversation_id = status.conversation_id))"""


def unmark(where: str, params: Mapping[str, object]) -> Change:
    """Read rows become unseen: the reader's own view, receipts already given stand (rule 10)."""
    return Change(
        which=f"{where} AND {MARKABLE_SQL} AND status.seen_at IS NOT NULL",
        becomes={"seen_at": NULL_TIME_SQL},
        params=params,
    )


def retraction(where: str, params: Mapping[str, object]) -> Change:
    """Disclosed reads become private ones (rule 13), also under deleted messages.

    A delivery that only the read disclosed becomes private again. Rows of departed recipients
    become withdrawn, as if never read (rule 2). An acknowledgement text is removed with its read.
    Needs the parameter ``now``.
    """
    return Change(
        which=f"{where} AND status.read_at IS NOT NULL",
        becomes={
            "read_at": NULL_TIME_SQL,
            "delivered_at": "CASE WHEN status.received_at IS NULL THEN status.delivered_at END",
            "content": NULL_TEXT_SQL,
            "withdrawn_at": GONE_AT_SQL,
        },
        params=params,
    )


#: A departed recipient's open rows, one condition for each partial index that finds them: unread,
#: privately read, and seen without any receipt.
_SEEN_SQL = "status.withdrawn_at IS NULL AND status.seen_at IS NOT NULL AND status.read_at IS NULL"
OPEN_ARMS = (
    "status.withdrawn_at IS NULL AND status.seen_at IS NULL",
    f"{_SEEN_SQL} AND status.delivered_at IS NOT NULL",
    f"{_SEEN_SQL} AND status.delivered_at IS NULL",
)


def withdrawal(
    where: str,
    params: Mapping[str, object],
    *,
    at_sql: str = "%(at)s",
    source: str = "",
    may_return_sql: str = "FALSE",
) -> Change:
    """Rows without a disclosed read stop counting, whether privately read or not (rule 2).

    Rows with one that were marked unread again (rule 10) are settled: a departed recipient leaves
    nothing unread. Except where ``may_return_sql`` holds, an SQL condition: the account is
    deactivated, and has them unread again once it is reactivated.
    """
    unread, *others = OPEN_ARMS
    if may_return_sql != "FALSE":
        unread = f"{unread} AND NOT (status.read_at IS NOT NULL AND {may_return_sql})"
    arms = " OR ".join(f"({where} AND {arm})" for arm in (unread, *others))
    return Change(
        which=f"({arms})",
        becomes={
            "withdrawn_at": f"CASE WHEN status.read_at IS NULL THEN {at_sql} END",
            "seen_at": "COALESCE(status.seen_at, status.read_at)",
        },
        params=params,
        source=source,
    )
