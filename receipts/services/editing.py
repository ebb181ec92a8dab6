"""Editing the text of a message. Its receipts stand: they say which text was read by their time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from chat.errors import Invalid, Muted, NotParticipant
from chat.models import ConversationParticipant, Message, User
from receipts.ledger.announcing import announce_message
from receipts.models import EventKind, MessageStatus
from receipts.reads.places import placed
from receipts.services.permissions import is_application, require_may_edit

#: The smallest difference of two times in the database.
_NEXT = timedelta(microseconds=1)


@transaction.atomic
def edit_message(*, message_id: int, body: str, by: User | None = None) -> bool:
    """Replace the text of a message. Return whether it changed: the same text again does nothing.

    No receipt changes and none is published. Raises ``Refused`` unless ``by`` is its sender or the
    application; ``NotParticipant`` or ``Muted`` if the sender may not write here; ``Invalid``
    for a deleted message.
    """
    columns = ("conversation_id", "sender_id", "tracking")
    named = Message.objects.values(*columns).get(**placed(message_id))
    found = Message.objects.filter(pk=message_id, conversation=named["conversation_id"])
    require_may_edit(by, named["sender_id"], named["tracking"])
    if by is not None and not is_application(by):
        _require_may_write(by, named["conversation_id"])
    # Every mark locks the message too, so no read is counted meanwhile.
    message = found.select_for_update(no_key=True).get()
    if message.deleted_at is not None:
        raise Invalid("body", "The message is deleted: its text cannot be changed.")
    if message.body == body:
        return False
    found.update(body=body, edited_at=_edited_at(message), read_since_edit_count=0)
    announce_message(
        EventKind.MESSAGE_EDITED,
        message_id=message_id,
        conversation_id=named["conversation_id"],
        actor_id=named["sender_id"],
    )
    return True


def _require_may_write(user: User, conversation_id: int) -> None:
    """Lock the sender's participation, and raise unless it allows to write."""
    participants = ConversationParticipant.objects.active().filter(
        conversation=conversation_id, user=user
    )
    mine = participants.select_for_update(no_key=True, of=("self",))
    is_muted = mine.values_list("is_muted", flat=True).first()
    if is_muted is None:
        raise NotParticipant
    if is_muted:
        raise Muted


def _edited_at(message: Message) -> datetime:
    """Now, but later than the last edit and than every disclosed read.

    A read by a server whose clock is ahead would otherwise count as a read of the new text. Must
    be a statement after the one that locks the message, to see what was committed meanwhile.
    """
    rows = MessageStatus.objects.filter(message=message, conversation=message.conversation_id)
    read_at = rows.aggregate(last=Max("read_at"))["last"]
    earlier = [time + _NEXT for time in (read_at, message.edited_at) if time is not None]
    return max(timezone.now(), message.created_at, *earlier)
