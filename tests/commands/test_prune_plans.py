"""What ``prune_receipts`` reads, at a size at which a plan shows (PostgreSQL)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from receipts.upkeep.pruning import Prune
from tests.support.cast import say
from tests.support.plans import analyze, plans_of

pytestmark = [pytest.mark.one_server, pytest.mark.django_db, pytest.mark.postgres]


def test_a_batch_reads_the_rows_of_its_messages(
    group: Conversation, direct: Conversation, alice: User
) -> None:
    """Not those of others, whose many recipients PostgreSQL 18 reckons to search one by one."""
    at = timezone.now() - timedelta(days=1)
    Message.objects.bulk_create(
        Message(conversation=group, sender=alice, created_at=at) for _ in range(3_000)
    )
    with connection.cursor() as cursor:
        # Rows carry no foreign-key constraints: nobody has to be these recipients.
        cursor.execute(
            """INSERT INTO receipts_messagestatus
                      (message_id, recipient_id, conversation_id, sent_at)
               SELECT id, 1000000 + id + n, conversation_id, created_at
                 FROM chat_message, generate_series(1, 50) AS n"""
        )
    settled = [say(alice, direct) for _ in range(40)]
    rows, now = MessageStatus.objects.filter(conversation=direct), F("sent_at")
    rows.update(delivered_at=now, seen_at=now, read_at=now)
    Message.objects.filter(conversation=direct).update(delivered_count=1, read_count=1)
    analyze("chat_message", "receipts_messagestatus")
    prune = Prune(before=timezone.now(), conversation=direct.pk)
    plans = plans_of(prune.run, "receipts_messagestatus")
    assert (prune.rows, rows.count(), len(plans)) == (40, 0, 2)
    for plan in plans:
        assert plan.rows_of("receipts_messagestatus") <= 5 * len(settled), plan.sql
        # At this size a join finds them, too; at ten million rows only the ids themselves do.
        found_by = [node.get("Index Cond", "") for node in plan.nodes if "status" in str(node)]
        assert any("message_id = ANY" in condition for condition in found_by), plan.sql
