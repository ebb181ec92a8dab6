"""Counts and times in words: the state of one row, and the summary of a message."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from chat.models import OverallStatus
from receipts.rules.rows import (
    RecipientRow,
    StateTime,
    StateTimes,
    SummaryAnswer,
    SummaryRow,
    columns_of,
)
from receipts.rules.tracking import RECEIPTS_BY


class State(models.TextChoices):
    """The state of one recipient's row."""

    PENDING = "pending", "Pending"
    FAILED = "failed", "Not delivered"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"
    WITHDRAWN = "withdrawn", "Withdrawn"


#: The times that decide a row's state; the first one that is set, in this order.
STATE_BY_TIME: dict[StateTime, State] = {
    "withdrawn_at": State.WITHDRAWN,
    "read_at": State.READ,
    "delivered_at": State.DELIVERED,
    "failed_at": State.FAILED,
}


#: The same in SQL, over a row's columns.
STATE_SQL = "CASE {} ELSE '{}' END".format(
    " ".join(f"WHEN {time} IS NOT NULL THEN '{state}'" for time, state in STATE_BY_TIME.items()),
    State.PENDING.value,
)


def state_of(row: StateTimes | RecipientRow) -> State:
    """The state of one row, from its times."""
    for time, state in STATE_BY_TIME.items():
        if row[time] is not None:
            return state
    return State.PENDING


def state_q(state: str) -> Q:
    """Condition: the rows in a state; its own time is set and none that takes precedence."""
    condition = Q()
    for time, named in STATE_BY_TIME.items():
        if named == state:
            return condition & Q(**{f"{time}__isnull": False})
        condition &= Q(**{time: None})
    return condition


#: Filters in addition to the states.
QUESTIONS = {
    "unread": Q(withdrawn_at=None, read_at=None),
    "undelivered": Q(withdrawn_at=None, delivered_at=None),
}

#: The columns of a message from which its summary is computed.
SUMMARY_COLUMNS = columns_of(SummaryRow)


def summary_of(message: SummaryRow) -> SummaryAnswer:
    """A message's receipts in one object."""
    total, receipts_by = message["recipient_count"], RECEIPTS_BY.get(message["tracking"])
    # Before the first edit, every read is of the present text, and none is counted apart.
    is_edited = message["edited_at"] is not None
    return {
        "message": message["id"],
        "message_external_id": message["external_id"],
        "conversation": message["conversation_id"],
        "conversation_external_id": message["conversation__external_id"],
        "tracked": receipts_by is not None,
        "receipts_by": receipts_by,
        "overall_status": message["overall_status"],
        "summary_text": summary_text(
            recipients=total,
            delivered=message["delivered_count"],
            read=message["read_count"],
            failed=message["failed_count"],
        ),
        "total_recipients": total,
        "delivered_count": message["delivered_count"],
        "read_count": message["read_count"],
        "read_since_edit_count": (
            message["read_count"]
            if not is_edited
            # A position does not know whether it passed a message before its edit.
            else None
            if receipts_by == "position"
            else message["read_since_edit_count"]
        ),
        "failed_count": message["failed_count"],
        "delivered": share_of(message["delivered_count"], total),
        "read": share_of(message["read_count"], total),
        "archived_at": message["archived_at"],
    }


def overall_status_of(*, recipients: int, delivered: int, read: int) -> OverallStatus:
    """``TRUTH_TABLE`` for counts that no column has (rule 19)."""
    if recipients == 0 or delivered == 0:
        return OverallStatus.SENT
    if read == recipients:
        return OverallStatus.READ
    return OverallStatus.DELIVERED if delivered == recipients else OverallStatus.PARTIAL


def share_of(count: int, total: int) -> str:
    """``none``, ``some`` or ``all`` of the recipients."""
    if count == 0:
        return "none"
    return "all" if count == total else "some"


def summary_text(*, recipients: int, delivered: int, read: int, failed: int) -> str:
    """The text shown under a message (rule 20)."""
    if recipients == 1:
        if read or delivered:
            return "Read" if read else "Delivered"
        return "Not delivered" if failed else "Sent"
    if read:
        text = "Read by all" if read == recipients else f"Read by {read} of {recipients}"
    elif delivered:
        everyone = delivered == recipients
        text = "Delivered to all" if everyone else f"Delivered to {delivered} of {recipients}"
    else:
        text = "Sent"
    return f"{text} · failed for {failed}" if failed else text
