"""Rows that are still open although their recipients left: withdrawn as leaving does (rule 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.models import ConversationParticipant, User
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import GONE_AT_SQL, withdrawal
from receipts.rules.deleted import present_sql
from receipts.sql.run import among_ids, fetch_rows, id_list, lock_in_order
from receipts.upkeep.stretches import OF_BATCH, OF_MESSAGES

_STILL_GONE = """JOIN chat_conversationparticipant AS participant
        ON participant.user_id = status.recipient_id
       AND participant.conversation_id = status.conversation_id
      JOIN chat_user AS recipient ON recipient.id = status.recipient_id
       AND NOT (participant.is_active AND recipient.is_active)"""

#: Open rows of departed recipients: they left, or their account is deactivated, but the row was
#: not withdrawn (rule 2). What is marked unread again waits for a deactivated account.
_OPEN = """status.withdrawn_at IS NULL
       AND (status.read_at IS NULL OR (status.seen_at IS NULL AND NOT participant.is_active))"""
_LEFT_OPEN = f"""
    SELECT status.id, participant.id, recipient.id, recipient.username, status.message_id
      FROM receipts_messagestatus AS status
      JOIN chat_message AS message ON message.id = status.message_id
       AND message.conversation_id = status.conversation_id
      JOIN chat_user AS recipient ON recipient.id = status.recipient_id
      JOIN chat_conversationparticipant AS participant
        ON participant.user_id = status.recipient_id
       AND participant.conversation_id = status.conversation_id
     WHERE {OF_BATCH.format("status.message_id")} AND {OF_MESSAGES}
       AND {present_sql("message.conversation_id")}
       AND {_OPEN} AND NOT (participant.is_active AND recipient.is_active)
     ORDER BY status.message_id, status.recipient_id"""


def left_open(batch: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The open rows of a batch of messages whose recipients are gone.

    As ids of row, participant and recipient, the recipient's name and the id of the message.
    """
    return fetch_rows(_LEFT_OPEN, batch)


@transaction.atomic
def withdraw_gone(found: Sequence[Sequence[int]]) -> int:
    """Withdraw rows, given as ids of row, participant and recipient; returns how many it changed.

    Users and participants are locked first, in the order of rule 22, so that the statement skips
    anyone who has rejoined meanwhile. Senders get the same event as when a recipient leaves.
    """
    rows, participants, recipients = (sorted({*column}) for column in zip(*found, strict=True))
    for locked in (
        User.objects.filter(pk__in=recipients),
        ConversationParticipant.objects.filter(pk__in=participants),
    ):
        lock_in_order(locked)
    params = {"ids": id_list(rows), "now": timezone.now()}
    change = withdrawal(
        among_ids("status.id"),
        params,
        at_sql=GONE_AT_SQL,
        source=_STILL_GONE,
        may_return_sql="participant.is_active",
    )
    return stamp(change)
