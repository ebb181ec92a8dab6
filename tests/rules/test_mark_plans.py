"""A mark finds its rows by key, whatever PostgreSQL's statistics say of how many it may change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.plans import analyze, plans_of

pytestmark = [pytest.mark.one_server, pytest.mark.django_db, pytest.mark.postgres]

MESSAGES = 1_000
#: Rows carry no foreign-key constraints: those of others are there to be passed over.
OTHERS = range(10**6, 10**6 + 18)


@pytest.fixture
def unread(group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Many messages that nobody has read, by which PostgreSQL reckons with as many."""
    sent_at = timezone.now() - timedelta(days=1)
    messages = Message.objects.bulk_create(
        Message(conversation=group, sender=alice, created_at=sent_at, recipient_count=2)
        for _ in range(MESSAGES)
    )
    MessageStatus.objects.bulk_create(
        MessageStatus(message=message, recipient_id=each, conversation=group, sent_at=sent_at)
        for message in messages
        for each in (bob.pk, carol.pk, *OTHERS)
    )
    analyze("chat_message", "receipts_messagestatus")
    return messages


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize("verb", ["mark-read", "mark-delivered"])
def test_few_rows_of_a_huge_conversation_are_marked_by_their_keys(
    api: Any, unread: list[Message], group: Conversation, bob: User, rows: int, verb: str
) -> None:
    caller, body = api(bob), {"up_to_message": unread[rows - 1].pk}
    path = f"/conversations/{group.pk}/{verb}/"
    plans = plans_of(lambda: caller.post(path, body), "WITH chosen AS")
    [stamp] = plans
    # Each twice, and the message up to which they are marked; or a few times more, not thousands.
    assert stamp.rows_of("receipts_messagestatus") <= 10 * rows + 10
    assert stamp.rows_of("chat_message") <= 10 * rows + 10
    assert caller.get(f"/messages/{unread[rows - 1].pk}/")["id"] == unread[rows - 1].pk


def test_a_message_in_a_huge_conversation_marks_what_is_unread_by_its_key(
    api: Any, unread: list[Message], group: Conversation, alice: User, bob: User
) -> None:
    """Sending implies having read what came before (rule 9): one message, by statistics all."""
    at = timezone.now()
    MessageStatus.objects.filter(recipient=bob).update(delivered_at=at, seen_at=at, read_at=at)
    last = say(alice, group)
    writer = api(bob)
    body = {"body": "hello"}
    plans = plans_of(
        lambda: writer.post(f"/conversations/{group.pk}/messages/", body, status=201),
        "WITH chosen AS",
    )
    [stamp] = plans
    assert "Seq Scan" not in stamp.scans_of("receipts_messagestatus")
    assert stamp.rows_of("chat_message") <= 10
    assert MessageStatus.objects.get(message=last, recipient=bob).seen_at is not None
