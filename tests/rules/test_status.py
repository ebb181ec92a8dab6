"""The truth table and the texts, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from receipts.rules.status import STATE_BY_TIME, State, state_of, state_q, summary_text
from tests.support.cast import say


@pytest.mark.parametrize(
    ("recipients", "delivered", "read", "status"),
    [
        (0, 0, 0, "sent"),
        (1, 0, 0, "sent"),
        (1, 1, 0, "delivered"),
        (1, 1, 1, "read"),
        (3, 0, 0, "sent"),
        (3, 1, 0, "partial"),
        (3, 1, 1, "partial"),
        (3, 2, 1, "partial"),
        (3, 3, 0, "delivered"),
        (3, 3, 2, "delivered"),
        (3, 3, 3, "read"),
    ],
)
def test_overall_status_is_computed_by_the_database(
    group: Conversation, alice: User, recipients: int, delivered: int, read: int, status: str
) -> None:
    """Rules 3 and 19: one truth table; a message without recipients is never ``read``."""
    message = Message.objects.create(
        conversation=group,
        sender=alice,
        recipient_count=recipients,
        delivered_count=delivered,
        read_count=read,
    )
    message.refresh_from_db()
    assert message.overall_status == status


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((0, 0, 0, 0), "Sent"),
        ((1, 1, 1, 0), "Read"),
        ((1, 1, 0, 0), "Delivered"),
        ((1, 0, 0, 0), "Sent"),
        ((1, 0, 0, 1), "Not delivered"),
        ((3, 3, 3, 0), "Read by all"),
        ((3, 3, 1, 0), "Read by 1 of 3"),
        ((3, 3, 0, 0), "Delivered to all"),
        ((3, 2, 0, 0), "Delivered to 2 of 3"),
        ((3, 0, 0, 0), "Sent"),
        ((3, 0, 0, 2), "Sent · failed for 2"),
        ((3, 2, 1, 1), "Read by 1 of 3 · failed for 1"),
    ],
)
def test_summary_text(counts: tuple[int, int, int, int], text: str) -> None:
    """Rule 20."""
    recipients, delivered, read, failed = counts
    assert (
        summary_text(recipients=recipients, delivered=delivered, read=read, failed=failed) == text
    )


TIMES = {
    State.PENDING: (),
    State.FAILED: ("failed_at",),
    State.DELIVERED: ("failed_at", "delivered_at"),
    State.READ: ("delivered_at", "seen_at", "read_at"),
    State.WITHDRAWN: ("delivered_at", "withdrawn_at"),
}


@pytest.mark.parametrize("state", State)
def test_a_row_has_the_state_that_its_filter_finds(
    group: Conversation, alice: User, bob: User, state: State
) -> None:
    """The rule exists once in Python and once as a query; both agree on every row."""
    message = say(alice, group)
    row = MessageStatus.objects.filter(message=message, recipient=bob)
    row.update(**dict.fromkeys(TIMES[state], message.created_at))
    values: dict[str, Any] = row.values(*STATE_BY_TIME).get()
    assert state_of(values) == state
    assert [s for s in State if row.filter(state_q(s)).exists()] == [state]
