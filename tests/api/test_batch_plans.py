"""A batch looks up what its items name, and reads no table whole (PostgreSQL)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from tests.support.cast import say
from tests.support.plans import analyze, plans_of

pytestmark = [pytest.mark.one_server, pytest.mark.django_db, pytest.mark.postgres]


def test_users_are_found_by_their_names_however_many_there_are(
    api: Any, service_key: str, group: Conversation, alice: User
) -> None:
    """A hundred marks of two people; the three thousand others are not looked at."""
    User.objects.bulk_create(User(username=f"guest{number}") for number in range(3_000))
    messages = [say(alice, group) for _ in range(50)]
    analyze("chat_user", "chat_message", "receipts_messagestatus")
    marks = [
        {"message": message.pk, "user": name, "state": "read"}
        for message in messages
        for name in ("bob", "carol")
    ]
    backend = api(service_key)
    plans = plans_of(lambda: backend.post("/receipts/", {"receipts": marks}), "AS asked")
    [resolving] = [plan for plan in plans if "unnest" in plan.sql]
    # One for each mark, or for each of the steps before: the order of the joins is the planner's.
    assert resolving.rows_of("chat_user") <= 10 * len(marks)
