"""What sending depends on: the sender's membership, in one query under its lock."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, Subquery, Value
from django.db.models.functions import Coalesce

from chat.errors import NotParticipant
from chat.models import ConversationParticipant, Message, User
from chat.sql.compiled import CompiledQuery
from receipts.models import MessageStatus
from receipts.rules.recipients import recipients_now
from receipts.sql.keyset import NEWEST_FIRST


@dataclass(frozen=True)
class SenderFacts:
    """The sender's membership, and everything else that sending depends on."""

    pk: int
    role: str
    is_muted: bool
    #: The number of other current participants.
    recipients: int
    #: Whether earlier messages are still unread by the sender (rule 9).
    has_unread: bool
    #: The time of the conversation's newest message.
    newest_at: datetime | None
    #: The id of the sender's message with the same ``client_id``, if any.
    same_message: int | None


def _memberships(
    conversation: int, sender: int, client_id: str | None = None, *, counted: bool = False
) -> Any:
    others = recipients_now(conversation, sender).order_by().values("conversation")
    others = others.annotate(count=Count("pk"))
    # Where the conversation counts its members, nobody counts them again (rule 16).
    recipients = Value(0) if counted else Coalesce(Subquery(others.values("count")), 0)
    unread = MessageStatus.objects.filter(
        recipient=sender, conversation=conversation, seen_at=None, withdrawn_at=None
    )
    newest = NEWEST_FIRST.sorted(Message.objects.filter(conversation=conversation))
    same = Message.objects.filter(conversation=conversation, sender=sender)
    same = same.none() if client_id is None else same.filter(client_id=client_id)
    # Locked before the watermark update, which must see all rows committed by then.
    return (
        ConversationParticipant.objects.active()
        .filter(conversation=conversation, user=sender)
        .select_for_update(no_key=True, of=("self",))
        .annotate(
            recipients=recipients,
            has_unread=Exists(unread),
            newest_at=Subquery(newest.values("created_at")[:1]),
            same_message=Subquery(same.values("pk"), output_field=BigIntegerField()),
        )
        .values(*(field.name for field in fields(SenderFacts)))
    )


_NAMES = {"conversation": int, "sender": int}
#: By whether members are counted, and whether there is a ``client_id``.
_MEMBERSHIP = {
    (counted, named): CompiledQuery(
        partial(_memberships, counted=counted), **_NAMES, **({"client_id": str} if named else {})
    )
    for counted in (False, True)
    for named in (False, True)
}


def sender_facts(
    conversation_id: int, sender: User, client_id: str | None, count: int | None
) -> SenderFacts:
    """Load everything that sending depends on with one query. Raises ``NotParticipant``."""
    named: dict[str, Any] = {"conversation": conversation_id, "sender": sender.pk}
    if client_id is not None:
        named["client_id"] = client_id
    found = _MEMBERSHIP[count is not None, client_id is not None].first(**named)
    if found is None:
        raise NotParticipant
    return SenderFacts(**({**found, "recipients": count - 1} if count is not None else found))
