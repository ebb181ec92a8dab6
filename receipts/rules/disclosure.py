"""Who sees the receipts of a message (rule 17).

* Its sender, while they can see the message at all.
* Moderators and service accounts, for every message.
* All participants, if the conversation is set so.
* For a deleted message only moderators (rule 21).

A user who does not take part cannot see that the message exists; ``MessageQuerySet.visible_to``
is checked first.
"""

from __future__ import annotations

from chat.models import ConversationKind, ReceiptVisibility, User
from receipts.rules.rows import MessageRow


def discloses_receipts(message: MessageRow, user: User) -> bool:
    """Whether ``user``, who can see the message, may see its receipts."""
    if user.is_moderator:
        return True
    if message["deleted_at"] is not None:
        return False
    return (
        user.is_service
        or message["sender_id"] == user.pk
        or message["conversation__receipts_visible_to"] == ReceiptVisibility.PARTICIPANTS
    )


def discloses_watermarks(kind: str, receipts_visible_to: str, user: User) -> bool:
    """Whether ``user``, who takes part, may see how far the others have come.

    A watermark discloses reads of everybody's messages, so it is shown like receipts: to all
    participants only if receipts are, or if there is only one other person.
    """
    return (
        user.sees_everything
        or kind == ConversationKind.DIRECT
        or receipts_visible_to == ReceiptVisibility.PARTICIPANTS
    )
