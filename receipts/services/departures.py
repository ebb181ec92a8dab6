"""Records which messages precede a leave or the deactivation of a participant's account."""

from __future__ import annotations

from datetime import datetime

from django.db.models import OuterRef, QuerySet

from chat.models import ConversationParticipant, Departure, Message


def record_departures(participants: QuerySet[ConversationParticipant], at: datetime) -> None:
    """Record the newest message of each participant's conversation, which must be locked."""
    newest = Message.objects.filter(conversation=OuterRef("conversation")).order_by("-pk")
    found = participants.annotate(newest=newest.values("pk")[:1])
    Departure.objects.bulk_create(
        (
            Departure(conversation_id=conversation, user_id=user, up_to=up_to, at=at)
            for conversation, user, up_to in found.values_list(
                "conversation_id", "user_id", "newest"
            )
            if up_to is not None
        ),
        ignore_conflicts=True,
    )
