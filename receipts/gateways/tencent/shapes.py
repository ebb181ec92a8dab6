"""Tencent's shapes: the envelope of every answer, and the counts of one message."""

from __future__ import annotations

from typing import Any

from chat.models import Tracking, User
from receipts.gateways.tencent.errors import NO_RECEIPT, TOO_MANY_MEMBERS
from receipts.reads.answers import summary_for
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.rows import MessageRow


def envelope(status: str = "OK", code: int = 0, info: str = "", **answer: Any) -> dict[str, Any]:
    """An answer, or an error, in Tencent's envelope."""
    return {"ActionStatus": status, "ErrorInfo": info, "ErrorCode": code, **answer}


def receipt_code(message: MessageRow | None, user: User) -> int:
    """0 if the message has receipts that ``user`` may see; otherwise the code of the reason."""
    if message is None:
        return NO_RECEIPT
    if message["tracking"] in (Tracking.TOO_MANY_RECIPIENTS, Tracking.BY_POSITION):
        return TOO_MANY_MEMBERS
    tracked = message["tracking"] == Tracking.TRACKED
    return 0 if tracked and discloses_receipts(message, user) else NO_RECEIPT


def receipt_counts(seq: int | str, message: MessageRow | None, user: User) -> dict[str, Any]:
    """How many recipients have read a message and how many have not, or why there are no counts.

    ``seq`` is the message as the request names it.
    """
    code = receipt_code(message, user)
    if message is None or code:
        return {"MsgSeq": seq, "Code": code}
    summary = summary_for(message, user)
    read = summary["read_count"]
    unread = summary["total_recipients"] - read
    return {"MsgSeq": seq, "Code": 0, "ReadNum": read, "UnreadNum": unread}
