"""A recipient marks one message, by its id or its external id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from chat.errors import NotRecipient
from receipts.ledger.at_once import mark_own_row
from receipts.ledger.marks import Mark
from receipts.ledger.noting import NEEDS_NO_NOTE_SECONDS
from receipts.metrics import count_marks
from receipts.reads.places import is_known_as_younger, known_conversation, remember
from receipts.reads.selectors import own_row, own_row_sql
from receipts.rules.privacy import delivers_privately, opens_on_request, reads_privately
from receipts.rules.rows import OwnRow
from receipts.services.marking import RecipientKey, mark_row
from receipts.services.single_by_position import mark_one_by_position
from receipts.sql.distributed import is_distributed
from receipts.sql.vendor import is_postgresql


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a mark's maker says: delivered or read, when, how privately, with which words."""

    read: bool
    at: datetime | None = None
    #: None: as the reader's switch says (rule 13).
    private: bool | None = None
    content: str | None = None

    def openly(self) -> Mark:
        """The mark if its maker's switches let others know of it."""
        return self._mark(private=False, hides_delivery=False)

    def by_switches_of(self, row: OwnRow) -> Mark:
        """The mark with the privacy that its maker's switches give it."""
        hidden = self.read and reads_privately(
            row["recipient__read_receipts_enabled"], self.private
        )
        hides_delivery = delivers_privately(row["recipient__delivery_receipts_enabled"])
        return self._mark(private=hidden, hides_delivery=hides_delivery)

    def _mark(self, **privacy: bool) -> Mark:
        explicit = self.read and opens_on_request(self.private, privacy["private"])
        how: dict[str, Any] = {**privacy, "explicit": explicit}
        return Mark.given(self.at, read=self.read, content=self.content, **how)

    def is_repeated_by(self, row: OwnRow, mark: Mark) -> bool:
        """Whether the row has this mark already, and nothing that is given could change it."""
        if self.at is not None or self.content is not None:
            return False
        if not self.read:
            return (row["received_at"] or row["delivered_at"]) is not None
        return row["seen_at"] is not None and not (mark.explicit and row["read_at"] is None)


def mark_message(message: int | str, username: str, wish: Wish) -> OwnRow | None:
    """Mark one message; return the recipient's row afterwards, None if they are no recipient now.

    Raises ``NotRecipient`` where the row is withdrawn (rule 2). One statement, on PostgreSQL,
    unless the mark is private or there is a reason that it changes nothing.
    """
    tried = is_postgresql() and wish.private is not True
    if tried and is_distributed():
        message, tried = _placed(message, username)
    if tried:
        row, is_changed = _mark_at_once(message, username, wish)
    else:
        row, is_changed = own_row(message, username), False
    if row is None:
        return mark_one_by_position(message, username, wish.by_switches_of)
    if is_changed:
        return row
    if row["withdrawn_at"] is not None:
        raise NotRecipient
    mark = wish.by_switches_of(row)
    if wish.is_repeated_by(row, mark):
        return row
    if mark.private or mark.hides_delivery or not tried:
        changed = mark_row(RecipientKey.of(row), mark)
        if changed is not None:
            return cast(OwnRow, {**row, **changed})
    # Another request may have changed it meanwhile.
    return own_row(row["message_id"], username)


def _placed(message: int | str, username: str) -> tuple[int | str, bool]:
    """The message by its id, and whether this process knows its conversation; it looks if not."""
    if isinstance(message, str) or known_conversation(message) is None:
        row = own_row(message, username)
        return (message, False) if row is None else (row["message_id"], True)
    return message, True


def _mark_at_once(message: int | str, username: str, wish: Wish) -> tuple[OwnRow | None, bool]:
    own, params = own_row_sql(message, username)
    conversation = cast("int | None", params.get("conversation"))
    mark = wish.openly()
    is_young = isinstance(message, int) and is_known_as_younger(message, NEEDS_NO_NOTE_SECONDS)
    found = mark_own_row(mark, own, params, conversation=conversation, is_young=is_young)
    if found is None:
        return None, False
    row, is_changed = found
    if is_changed:
        count_marks(1, mark)
    remember(row["message_id"], row["conversation_id"], row["sent_at"])
    return row, is_changed
