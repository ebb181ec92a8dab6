"""What comes with a leave, or the deactivation of an account, and how that one is undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from chat.models import ConversationParticipant, Departure, Message
from receipts.ledger.change import Change
from receipts.ledger.returning import release_watermarks, restore_watermarks, returning
from receipts.ledger.settling import settle_watermarks
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import withdrawal


def record_departures(
    participants: QuerySet[ConversationParticipant], at: datetime, *, is_deactivation: bool = False
) -> None:
    """Record the last message that precedes it, and settle the participants' watermarks.

    The last one that arrived anywhere, whatever its time: the ids of a conversation grow in the
    order of arrival, so those sent to the participants are up to there. Conversations and
    participants must be locked; rows are withdrawn after this. With ``is_deactivation`` it can be
    undone.
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
                is_deactivation=is_deactivation,
                **(_watermarks(each) if is_deactivation and each.held_back else {}),
            )
            for each in found
        ),
        ignore_conflicts=True,
    )


def withdraw_account(user_id: int, at: datetime) -> Change:
    """The rows that the deactivation of an account withdraws: all without a disclosed read."""
    params = {"recipient": user_id, "at": at}
    return withdrawal("status.recipient_id = %(recipient)s", params, may_return_sql="TRUE")


def undo_deactivation(user_id: int) -> None:
    """Give back to an account what its deactivation took; its participants must be locked.

    A participation that ended meanwhile gets nothing back, now or later.
    """
    restore_watermarks(user_id)
    stamp(returning(user_id))
    release_watermarks(user_id)
    own = ConversationParticipant.objects.filter(
        user=OuterRef("user"), conversation=OuterRef("conversation"), is_active=True
    )
    _pending(user_id).filter(Exists(own)).delete()
    _pending(user_id).update(is_deactivation=False)


def deactivation_is_final(user_id: int, conversation_id: int) -> None:
    """A participation ends: reactivating the account gives nothing of it back."""
    _pending(user_id).filter(conversation=conversation_id).update(is_deactivation=False)


def forget_read_watermark(user_id: int, conversation_id: int) -> None:
    """A read watermark is cleared, so none is restored when the account is reactivated."""
    pending = _pending(user_id).filter(conversation=conversation_id, read_up_to__isnull=False)
    pending.update(read_up_to=None, read_at=None)


def _pending(user_id: int) -> QuerySet[Departure]:
    return Departure.objects.filter(user=user_id, is_deactivation=True)


def _watermarks(participant: ConversationParticipant) -> dict[str, Any]:
    """The columns of a watermark that is held back, before it is settled."""
    return {
        "delivered_up_to": participant.last_delivered_message_id,
        "delivered_at": participant.last_delivered_at,
        "read_up_to": participant.last_read_message_id,
        "read_at": participant.last_read_at,
    }
