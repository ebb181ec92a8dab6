"""System lines: what an application writes into a conversation about itself.

"Ann renamed the group": shown among the messages, and nothing more. There are no recipients, no
receipts and no unread counts, and nobody is marked.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from chat.models import Message, Tracking, User
from receipts.reads.names import message_id_of
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
    external_id: str | None = None,
    sent_at: datetime | None = None,
    activity: bool = False,
) -> Sent:
    """Store a system line; one that is repeated, as for ``send_message``, stores nothing.

    The sender need not take part. With ``activity`` it becomes the newest message of its
    conversation, which moves up in lists. Raises ``Conflict`` if one of the two ids belongs to a
    different message. Only for the application: it is not checked who calls.
    """
    lock_conversation(conversation_id)
    if (same := _same(conversation_id, sender, client_id, external_id)) is not None:
        request = {
            "is_system": True,
            "is_activity": activity,
            "conversation_id": conversation_id,
            "sender_id": sender.pk,
            "body": body,
            "client_id": client_id,
            "external_id": external_id,
            "created_at": sent_at,
        }
        return Sent(repeated_message(same, request), created=False)
    message = store_message(
        conversation_id=conversation_id,
        sender_id=sender.pk,
        body=body,
        client_id=client_id,
        external_id=external_id,
        created_at=sent_at or time_in(conversation_id),
        tracking=Tracking.SYSTEM,
        is_activity=activity,
        recipients=0,
    )
    return Sent(message, created=True)


def _same(
    conversation_id: int, sender: User, client_id: str | None, external_id: str | None
) -> int | None:
    """The sender's message with this ``client_id`` here, or else any with this ``external_id``."""
    found = None
    if client_id is not None:
        here = Message.objects.filter(conversation=conversation_id, sender=sender)
        found = here.filter(client_id=client_id).values_list("pk", flat=True).first()
    if found is None and external_id is not None:
        found = message_id_of(external_id) or None
    return found
