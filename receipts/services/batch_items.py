"""The items of a batch: what each reports, its result, and the row that it marks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chat.names import MessageReference
from receipts.rules.privacy import opens_on_request

#: What an item may report. A message is sent when it is stored, so ``sent`` changes nothing; a
#: provider reports it all the same.
SENT, DELIVERED, READ, FAILED = "sent", "delivered", "read", "failed"

APPLIED = "applied"
UNCHANGED = "unchanged"
NOT_RECIPIENT = "not_recipient"
NOT_FOUND = "not_found"
#: The message that the item numbers has another external id than the one it gives.
OTHER_NAME = "other_name"


@dataclass(frozen=True, kw_only=True)
class BatchMark:
    """One mark of a batch, by its message and the recipient's username."""

    message: MessageReference
    username: str
    #: ``SENT``, ``DELIVERED``, ``READ`` or ``FAILED``.
    state: str
    at: datetime | None = None
    #: By the recipient's setting if None; False also discloses an earlier private read (rule 13).
    private: bool | None = None
    content: str | None = None
    #: Why it failed, of any length.
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class FoundMark:
    """An item and the row that it marks. ``place`` is the item's index in the batch."""

    place: int
    item: BatchMark
    row_id: int
    message_id: int
    recipient_id: int
    participant_id: int
    conversation_id: int
    at: datetime
    private: bool
    hides_delivery: bool
    #: When its message was sent, if that is tracked by position and has no row.
    placed_at: datetime | None = None
    is_deleted: bool = False

    @property
    def explicit(self) -> bool:
        """Whether it is open on request, and so discloses an earlier private read."""
        return opens_on_request(self.item.private, self.private)

    @property
    def kind(self) -> tuple[bool, ...]:
        """What marks of one statement have in common. Failures come last: a delivery ends them."""
        is_read = self.item.state == READ
        return (
            self.item.state == FAILED,
            is_read,
            is_read and self.private,
            is_read and self.explicit,
            self.item.state != FAILED and self.hides_delivery,
        )
