"""Who sees the receipts of a message (rule 17).

* Its sender, while they can see the message at all.
* Moderators and service accounts, of every message.
* All participants where the conversation says so.
* Of a deleted message only moderators: for others it is empty (rule 21).

Who takes part in no way does not see that the message exists; that is asked first, of
``MessageQuerySet.visible_to``.
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

    A watermark tells a read of everybody's messages, so it goes where receipts go: to all
    participants only where receipts do, or where there is but one other person.
    """
    return (
        user.sees_everything
        or kind == ConversationKind.DIRECT
        or receipts_visible_to == ReceiptVisibility.PARTICIPANTS
    )
