"""What ``check_receipts`` reads, at a size at which a plan shows (PostgreSQL)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from receipts.upkeep.checking import Check
from receipts.upkeep.stretches import OF_BATCH
from tests.support.cast import say
from tests.support.plans import Plan, analyze, plans_of

pytestmark = [pytest.mark.one_server, pytest.mark.django_db, pytest.mark.postgres]

MESSAGES = 3_000
BATCH = 300


@pytest.fixture
def many(group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Many messages with rows, of which the counts of the last ten have drifted."""
    sent_at = timezone.now() - timedelta(days=1)
    messages = Message.objects.bulk_create(
        Message(
            conversation=group,
            sender=alice,
            created_at=sent_at,
            recipient_count=2 if number < MESSAGES - 10 else 7,
        )
        for number in range(MESSAGES)
    )
    MessageStatus.objects.bulk_create(
        MessageStatus(message=message, recipient=user, conversation=group, sent_at=sent_at)
        for message in messages
        for user in (bob, carol)
    )
    people = "chat_user", "chat_conversationparticipant"
    analyze("chat_message", "receipts_messagestatus", *people)
    return messages


def checked(**how: object) -> list[Plan]:
    """The plans of the statements of a check that read rows and messages."""
    check = Check(say=str, batch_size=BATCH, **how)  # type: ignore[arg-type]
    found = plans_of(check.run, "receipts_messagestatus")
    assert check.drifted == 10
    return [plan for plan in found if "chat_message" in plan.sql]


@pytest.mark.parametrize("fix", [False, True])
def test_a_batch_reads_its_own_messages_and_rows(many: list[Message], fix: bool) -> None:
    """However many there are; else the whole check grows with their square."""
    plans = checked(fix=fix)
    assert len(plans) >= 3 * MESSAGES / BATCH
    for plan in plans:
        # Rows of who is gone may also be found by their recipients, who are two.
        most = MESSAGES if "chat_conversationparticipant" in plan.sql else 2 * BATCH
        assert plan.rows_of("chat_message") <= most, plan.sql
        assert plan.rows_of("receipts_messagestatus") <= most, plan.sql


@pytest.mark.whole_tables  # only there does one search go through all rows
def test_one_conversation_is_read_by_its_messages(
    many: list[Message], direct: Conversation, alice: User
) -> None:
    """No row of another one is looked at, save by the one search for rows that are elsewhere.

    Those others have many recipients: PostgreSQL 18 reckons with a search of the index for each.
    """
    MessageStatus.objects.update(recipient=F("recipient") + F("message") + 1_000_000)
    few = [say(alice, direct) for _ in range(8)]
    Message.objects.filter(pk=few[3].pk).update(read_count=9)
    analyze("chat_message", "receipts_messagestatus")
    check = Check(say=str, conversation=direct.pk)
    plans = plans_of(check.run, "receipts_messagestatus")
    assert (check.drifted, check.strays) == (1, 0)
    whole = [plan for plan in plans if plan.rows_of("receipts_messagestatus") > 10 * len(few)]
    assert [OF_BATCH.format("status.message_id") in plan.sql for plan in whole] == [False]
    assert all(plan.rows_of("chat_message") <= 10 * len(few) for plan in plans if plan not in whole)
