"""Making earlier reads private, conversation by conversation (rule 13)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chat.models import ConversationParticipant
from receipts.ledger.concealing import TakenBack
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import retraction
from receipts.services.bounded import BatchOutcome, time_budget
from receipts.services.departures import forget_read_watermark
from receipts.services.large_groups import retract_positions
from receipts.sql.keyset import sent_at_sql
from receipts.sql.run import fetch_rows

#: Messages after one that was retracted before, in the order of time.
_PAST = (
    "message.conversation_id = %(conversation)s AND (CAST(%(past)s AS bigint) IS NULL"
    " OR (message.created_at, message.id)"
    f" > ({sent_at_sql('%(past)s', '%(conversation)s')}, %(past)s))"
)
#: The last of the next messages of a conversation.
_NEXT_MESSAGES = f"""
    SELECT id FROM (
        SELECT message.created_at, message.id FROM chat_message AS message
         WHERE {_PAST} ORDER BY message.created_at, message.id LIMIT %(rows)s) AS ahead
     ORDER BY created_at DESC, id DESC LIMIT 1"""
_THESE_MESSAGES = (
    "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
    f" AND {_PAST} AND (message.created_at, message.id)"
    f" <= ({sent_at_sql('%(up_to)s', '%(conversation)s')}, %(up_to)s)"
)


def retract_receipts(*, user_id: int) -> BatchOutcome:
    """Make a user's earlier reads private, and clear their read watermarks (rule 13).

    No index finds a user's read rows, so this walks the messages of their conversations. Each
    participation stores its progress until all are done.
    """
    participations = ConversationParticipant.objects.filter(user_id=user_id).order_by("pk")
    within_budget = time_budget()
    marked = retract_positions(user_id)
    for participation in participations:
        while (step := _retract_some(participation)) is not None:
            marked += step
            if not within_budget():
                return BatchOutcome(marked, complete=False)
    participations.update(retracted_up_to=None)
    return BatchOutcome(marked, complete=True)


def _retract_some(participation: ConversationParticipant) -> int | None:
    """Retract reads of a conversation's next messages; return how many, None if none are left."""
    messages = {
        "conversation": participation.conversation_id,
        "past": participation.retracted_up_to,
        "rows": settings.BATCH_ROWS,
    }
    found = fetch_rows(_NEXT_MESSAGES, messages)
    if not found:
        return None
    ((last,),) = found
    participation.retracted_up_to = last
    with transaction.atomic():
        own = ConversationParticipant.objects.filter(conversation=participation.conversation_id)
        own.filter(pk=participation.pk).update(
            retracted_up_to=last, last_read_message=None, last_read_at=None
        )
        forget_read_watermark(participation.user_id, participation.conversation_id)
        marked = stamp(
            retraction(
                _THESE_MESSAGES,
                {
                    **messages,
                    "recipient": participation.user_id,
                    "up_to": last,
                    "now": timezone.now(),
                },
            ),
            conversation=participation.conversation_id,
        )
        if marked:
            TakenBack(reads=True, deliveries=True).conceal([participation.pk])
    return marked
