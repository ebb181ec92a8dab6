"""What precedes a leave, or the deactivation of an account: messages, and final watermarks."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from chat.models import ConversationParticipant, Departure, Message
from receipts.ledger.watermarks import settle_watermarks


def record_departures(participants: QuerySet[ConversationParticipant], at: datetime) -> None:
    """Record the last message that precedes it, and settle the participants' watermarks.

    The last one that arrived anywhere, whatever its time: the ids of a conversation grow in the
    order of arrival, so those sent to the participants are up to there. Conversations and
    participants must be locked; rows are withdrawn after this.
    """
    messages = Message.objects.filter(conversation=OuterRef("conversation"))
    last = Message.objects.order_by("-pk").values("pk")[:1]
    found = list(participants.filter(Exists(messages)).annotate(last=Subquery(last)))
    settle_watermarks(each.pk for each in found if each.held_back)
    Departure.objects.bulk_create(
        (
            Departure(
                conversation_id=each.conversation_id,
                user_id=each.user_id,
                up_to=each.last,
                at=at,
            )
            for each in found
        ),
        ignore_conflicts=True,
    )
