"""System lines: what an application writes into a conversation about itself.

"Ann renamed the group": shown among the messages, and nothing more. There are no recipients, no
receipts and no unread counts, and nobody is marked.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from chat.errors import Conflict
from chat.models import Message, Tracking, User
from receipts.ledger.announcing import announce_message
from receipts.models import EventKind
from receipts.services.locking import lock_conversation
from receipts.services.sending import Sent, repeated_message
from receipts.services.storing import store_message, time_in


@transaction.atomic
def send_system_line(
    *,
    conversation_id: int,
    sender: User,
    body: str,
    client_id: str | None = None,
    sent_at: datetime | None = None,
    activity: bool = False,
) -> Sent:
    """Store a system line; a repeated ``client_id`` of the same sender stores nothing.

    The sender need not take part. With ``activity`` it becomes the newest message of its
    conversation, which moves up in lists. Raises ``Conflict`` if the ``client_id`` belongs to a
    different message. Only for the application: it is not checked who calls.
    """
    lock_conversation(conversation_id)
    if client_id is not None:
        same = Message.objects.filter(
            conversation=conversation_id, sender=sender, client_id=client_id
        )
        if (pk := same.values_list("pk", flat=True).first()) is not None:
            found = repeated_message(pk, body, sent_at, system=True)
            if found.is_activity != activity:
                raise Conflict(f"Message {pk} has this client_id, but another activity.")
            return Sent(found, created=False)
    message = store_message(
        conversation_id=conversation_id,
        sender_id=sender.pk,
        body=body,
        client_id=client_id,
        created_at=sent_at or time_in(conversation_id),
        tracking=Tracking.SYSTEM,
        is_activity=activity,
        recipients=0,
    )
    announce_message(
        EventKind.MESSAGE_CREATED,
        message_id=message.pk,
        conversation_id=conversation_id,
        actor_id=sender.pk,
    )
    return Sent(message, created=True)
