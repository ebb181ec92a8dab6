"""Marks up to a message, or from one on, by username: shared by the API and the gateways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from chat.errors import Invalid, NotParticipant
from receipts.reads.positions import own_position
from receipts.rules.privacy import delivers_privately, opens_on_request, reads_privately
from receipts.rules.rows import OwnPosition
from receipts.services.marking import (
    UpTo,
    bulk_mark_delivered,
    bulk_mark_read,
    bulk_mark_unread,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedUpTo:
    """The result of a mark up to a message, or from one on."""

    recipient_id: int
    #: The message marked up to or from; None if the conversation has no messages.
    message_id: int | None
    #: How many rows are newly marked, or marked unread.
    count: int
    #: The mark's time: the given one, at most now.
    at: datetime


def mark_up_to(
    *,
    conversation_id: int,
    username: str,
    message_id: int | None = None,
    read: bool,
    at: datetime | None = None,
    private: bool | None = None,
) -> MarkedUpTo:
    """Mark everything up to a message delivered to or read by a participant.

    Without a message, up to the newest that was there at the time ``at`` (rule 7). A read is
    private if ``private`` is set or the participant's setting is off; where it is open by request,
    it also discloses earlier private reads (rule 13). Raises ``NotParticipant``, or ``Invalid`` for
    a message that is not in this conversation.
    """
    found = _position(conversation_id, username, "up_to_message", message_id, at)
    count = 0
    if found["up_to"] is not None:
        position = UpTo.of(conversation_id, found)
        hides = delivers_privately(found["delivery_receipts_enabled"])
        if read:
            hidden = reads_privately(found["read_receipts_enabled"], private)
            how = {"private": hidden, "explicit": opens_on_request(private, hidden)}
            count = bulk_mark_read(position=position, at=at, hides_delivery=hides, **how)
        else:
            count = bulk_mark_delivered(position=position, at=at, hides_delivery=hides)
    return _marked(found, count, at)


def mark_unread_from(*, conversation_id: int, username: str, message_id: int) -> MarkedUpTo:
    """Mark everything from a message on unread (rule 10). Raises as ``mark_up_to``."""
    found = _position(conversation_id, username, "from_message", message_id)
    count = bulk_mark_unread(
        recipient_id=found["user_id"], conversation_id=conversation_id, from_message=message_id
    )
    return _marked(found, count, None)


def _marked(found: OwnPosition, count: int, at: datetime | None) -> MarkedUpTo:
    now = timezone.now()
    return MarkedUpTo(
        recipient_id=found["user_id"],
        message_id=found["up_to"],
        count=count,
        at=min(at, now) if at else now,
    )


def _position(
    conversation_id: int,
    username: str,
    field: str,
    message_id: int | None,
    at: datetime | None = None,
) -> OwnPosition:
    found = own_position(conversation_id, username, up_to=message_id, at=at)
    if found is None:
        raise NotParticipant
    if message_id is not None and found["up_to"] is None:
        raise Invalid(field, "No such message in this conversation.")
    return found
