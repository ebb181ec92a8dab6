"""Withdraw rows that are still open although their recipients left, as leaving does (rule 2)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from chat.models import ConversationParticipant, User
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import GONE_AT_SQL, withdrawal
from receipts.sql.run import among_ids, id_list, lock_in_order

_STILL_GONE = """JOIN chat_conversationparticipant AS participant
        ON participant.user_id = status.recipient_id
       AND participant.conversation_id = status.conversation_id
      JOIN chat_user AS recipient ON recipient.id = status.recipient_id
       AND NOT (participant.is_active AND recipient.is_active)"""


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
