"""Changes that undo marks or remove rows from the counts: unread, retracted, withdrawn."""

from __future__ import annotations

from typing import Any

from receipts.ledger.marks import DEPARTED_AT, MARKABLE, NO_TEXT, NO_TIME
from receipts.ledger.stamp import Change

#: ``DEPARTED_AT``, or for a recipient who left without such a row (data written by another tool)
#: the time of leaving or now.
GONE_AT = f"""COALESCE({DEPARTED_AT}, (
        SELECT CASE WHEN participant.left_at IS NOT NULL THEN participant.left_at
                    WHEN NOT member.is_active THEN %(now)s END
          FROM chat_conversationparticipant AS participant
          JOIN chat_user AS member ON member.id = participant.user_id
         WHERE participant.user_id = status.recipient_id
           AND participant.conversation_id = status.conversation_id))"""


def unmark(where: str, params: dict[str, Any]) -> Change:
    """Read rows become unseen, for the reader only; receipts already given remain (rule 10)."""
    return Change(
        which=f"{where} AND {MARKABLE} AND status.seen_at IS NOT NULL",
        becomes={"seen_at": NO_TIME},
        params=params,
    )


def retraction(where: str, params: dict[str, Any]) -> Change:
    """Disclosed reads become private ones (rule 13), also under deleted messages.

    Rows of departed recipients become withdrawn, as if never read (rule 2). An acknowledgement
    text is removed with its read. Needs the parameter ``now``.
    """
    return Change(
        which=f"{where} AND status.read_at IS NOT NULL",
        becomes={"read_at": NO_TIME, "content": NO_TEXT, "withdrawn_at": GONE_AT},
        params=params,
    )


def withdrawal(
    where: str, params: dict[str, Any], *, at: str = "%(at)s", source: str = ""
) -> Change:
    """Rows without a disclosed read stop counting, whether privately read or not (rule 2).

    Rows with one that were marked unread again (rule 10) are settled: a departed recipient leaves
    nothing unread.
    """
    unread = f"{where} AND status.seen_at IS NULL AND status.withdrawn_at IS NULL"
    private = (
        f"{where} AND status.seen_at IS NOT NULL AND status.read_at IS NULL"
        " AND status.withdrawn_at IS NULL"
    )
    # Two arms, one for each partial index.
    return Change(
        which=f"(({unread}) OR ({private}))",
        becomes={
            "withdrawn_at": f"CASE WHEN status.read_at IS NULL THEN {at} END",
            "seen_at": "COALESCE(status.seen_at, status.read_at)",
        },
        params=params,
        source=source,
    )
