"""Soft deletion of messages, and restoring them (rule 21)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from chat.errors import Refused
from chat.models import Message, User
from receipts.ledger.announcing import announce_message
from receipts.ledger.noting import note_messages
from receipts.ledger.threads import recount_thread
from receipts.ledger.watermarks import hold_back_from, lock_watermarks_of
from receipts.models import EventKind
from receipts.reads.places import placed
from receipts.services.locking import lock_conversation
from receipts.services.permissions import deletable_by, require_may_restore


@transaction.atomic
def delete_message(*, message_id: int, by: User | None = None) -> datetime | None:
    """Exclude a message from unread counts and marks. Return when, or None if nothing changed.

    Its rows remain. Raises ``Refused`` unless ``by`` is the sender, a moderator or None; for a
    system line unless a moderator or None.
    """
    now = timezone.now()
    message = deletable_by(by).filter(**placed(message_id))
    reply = message.filter(thread__isnull=False).values("conversation_id", "thread_id").first()
    if reply is not None:
        # Sends lock their conversation, then the thread, then earlier messages.
        lock_conversation(reply["conversation_id"])
    if not message.filter(deleted_at=None).update(deleted_at=now):
        if by is not None and not by.sees_everything and not message.exists():
            raise Refused("Only its sender or a moderator may delete a message.")
        return None
    if reply is not None:
        recount_thread(root=reply["thread_id"], conversation=reply["conversation_id"], more=-1)
    _announce(EventKind.MESSAGE_DELETED, message_id)
    return now


@transaction.atomic
def restore_message(*, message_id: int, by: User | None = None) -> bool:
    """Undo a deletion: unread rows count again. Return whether the message was deleted.

    Raises ``Refused`` unless ``by`` is a moderator; None is the application itself.
    """
    require_may_restore(by)
    message = Message.objects.filter(deleted_at__isnull=False, **placed(message_id))
    found = message.values_list("conversation_id", "thread_id").first()
    if found is None:
        return False
    conversation, thread = found
    # What was unread when it was deleted is unread again, perhaps below a watermark.
    lock_conversation(conversation)
    locked = lock_watermarks_of(conversation)
    restored = bool(message.update(deleted_at=None))
    if restored:
        hold_back_from(locked, message_id)
        if thread is not None:
            recount_thread(root=thread, conversation=conversation, more=1)
        _announce(EventKind.MESSAGE_RESTORED, message_id)
    return restored


def _announce(kind: EventKind, message_id: int) -> None:
    """Publish the change, and note it for insights."""
    message = Message.objects.filter(**placed(message_id))
    conversation = message.values_list("conversation_id", flat=True).get()
    announce_message(kind, message_id=message_id, conversation_id=conversation)
    note_messages([message_id], conversation=conversation)
