"""Agora's shapes: a page of acknowledgements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from receipts.gateways.agora.paging import AckCursor
from receipts.gateways.unixtime import milliseconds


def ack_page(
    message: Mapping[str, Any], rows: list[Any], total: int, *, is_last: bool
) -> dict[str, Any]:
    """A page of readers of a message that ``total`` recipients have read."""
    return {
        "ackmid": str(message["id"]),
        "total": total,
        "userlist": [row["recipient__username"] for row in rows],
        "is_last": is_last,
        "next_key": "" if is_last else str(AckCursor.after(rows[-1])),
        "timestamp": milliseconds(timezone.now()),
        "acks": [_ack(row, total) for row in rows],
    }


def _ack(row: Mapping[str, Any], total: int) -> dict[str, Any]:
    """One receipt, with its acknowledgement in words (rule 12)."""
    return {
        "ack_id": f"{row['message_id']}-{row['recipient_id']}",
        "msg_id": str(row["message_id"]),
        "from": row["recipient__username"],
        "content": row["content"] or "",
        "count": total,
        "timestamp": milliseconds(row["read_at"]),
    }
