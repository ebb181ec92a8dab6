"""Events name messages in the order of time, however they arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from tests.support.cast import ON_POSTGRES, say
from tests.support.following import Follow

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


def backwards(group: Conversation, sender: User, count: int) -> list[Message]:
    """Messages that arrive in the opposite order of their times; the first in time first."""
    now = timezone.now()
    sent = [say(sender, group, sent_at=now - timedelta(hours=n + 1)) for n in range(count)]
    return sent[::-1]


def test_a_bulk_mark_names_the_newest_messages_and_the_first_in_time(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User
) -> None:
    messages = [each.pk for each in backwards(group, alice, 25)]
    heard = follow(alice)
    api(bob).post("/me/mark-read/")
    (event,) = heard()
    assert [each["message"] for each in event["receipts"]] == messages[::-1][:20]
    (mark,) = event["marks"]
    named = (mark["count"], mark["first_message"], mark["last_message"])
    assert named == (25, messages[0], messages[-1])
    assert event["complete"] is False


@pytest.mark.parametrize("count", [3, 25])
def test_events_of_one_reader_together_name_the_newest_and_the_first_in_time(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User, count: int
) -> None:
    """Marked one by one, in the order of arrival."""
    messages = [each.pk for each in backwards(group, alice, count)]
    heard = follow(alice)
    for pk in sorted(messages):
        api(bob).post(f"/messages/{pk}/read/")
    (event,) = heard()
    assert [each["message"] for each in event["receipts"]] == messages[::-1][:20]
    (mark,) = event["marks"]
    named = (mark["count"], mark["first_message"], mark["last_message"])
    assert named == (count, messages[0], messages[-1])


def test_ones_own_devices_are_told_of_the_first_unread_message_in_time(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User
) -> None:
    messages = [each.pk for each in backwards(group, alice, 3)]
    heard = follow(bob)
    api(bob).post(f"/messages/{messages[0]}/read/")
    (event,) = heard()
    assert (event["unread_count"], event["first_unread_message"]) == (2, messages[1])
