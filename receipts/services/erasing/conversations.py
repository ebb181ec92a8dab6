"""Deleting a conversation: the first transaction, after which nobody takes part in it any more."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Erasure, User
from receipts.ledger.announcing import announce_deleted_conversation
from receipts.services.erasing.conversation_steps import CONVERSATION_STEPS
from receipts.services.erasing.journal import log_erasure
from receipts.services.locking import lock_conversation
from receipts.services.permissions import is_application, require_may_delete_conversation
from receipts.services.storing import time_in
from receipts.sql.conversation_names import free_names
from receipts.sql.run import lock_in_order


@transaction.atomic
def delete_conversation(
    *, conversation_id: int, by: User | None = None, actor: User | None = None
) -> Erasure:
    """Close a conversation for everybody; return the erasure of its rows, for ``run_erasure``.

    Repeated, it returns the pending erasure: to the application, and to who requested it. Raises
    ``Http404`` if ``by`` cannot see it, and ``Refused`` unless ``by`` is the owner of the group.
    ``actor`` is named in the admin's log, by default ``by``.
    """
    if (pending := _pending(conversation_id, by)) is not None:
        return pending
    if (
        by is not None
        and not Conversation.objects.visible_to(by).filter(pk=conversation_id).exists()
    ):
        raise Http404
    try:
        conversation = lock_conversation(conversation_id)
    except Http404:
        # Deleted while this waited for the lock.
        if (pending := _pending(conversation_id, by)) is None:
            raise
        return pending
    require_may_delete_conversation(by, conversation)
    _close(conversation)
    erasure = Erasure.objects.create(
        conversation_id=conversation_id,
        requested_by=actor or by,
        requested_at=timezone.now(),
        step=next(iter(CONVERSATION_STEPS)),
    )
    log_erasure(erasure, f"Conversation {conversation_id}")
    return erasure


def _pending(conversation_id: int, by: User | None) -> Erasure | None:
    pending = Erasure.objects.filter(conversation_id=conversation_id, finished_at=None)
    if not is_application(by):
        pending = pending.filter(requested_by=by)
    return pending.first()


def _close(conversation: Conversation) -> None:
    """End all participations, and free the pair. The ``external_id`` is free when it is gone."""
    participants = ConversationParticipant.objects.filter(conversation=conversation)
    lock_in_order(participants)
    announce_deleted_conversation(conversation.pk, conversation.external_id)
    now = time_in(conversation.pk)
    participants.filter(is_active=True).update(is_active=False, left_at=now)
    Conversation.objects.filter(pk=conversation.pk).update(deleted_at=now, pair=None)
    free_names(conversation.pk, "pair")
