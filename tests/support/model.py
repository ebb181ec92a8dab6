"""What Seenby promises, in plain Python: a few dicts, no SQL, none of the service's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class Row:
    """One message for one recipient."""

    sent: datetime
    tracked: bool
    delivered: datetime | None = None
    seen: datetime | None = None
    read: datetime | None = None
    failed: datetime | None = None
    withdrawn: datetime | None = None
    #: When its recipient first left after it was sent.
    left: datetime | None = None

    def deliver(self, at: datetime, backdated: bool) -> bool:
        """Rules 5, 6, 11, 15."""
        at = max(at, self.sent)
        if not self.tracked or (self.delivered and not (backdated and at < self.delivered)):
            return False
        self.delivered, self.failed = at, None
        return True

    def see(self, at: datetime, backdated: bool, private: bool) -> bool:
        """Rules 5, 6, 13, 15: the earliest read counts, its privacy with it; a tie is private."""
        at, first = max(at, self.sent), self.read or self.seen
        earlier = first is not None and (at < first or (private and self.read == at))
        if self.seen is not None and not (backdated and earlier):
            return False
        self.seen = min(self.seen or at, at)
        if self.tracked:
            self.delivered, self.failed = min(self.delivered or at, at), None
            if private and first is not None and at <= first:
                self.hide()
            elif not private and (first is None or at < first):
                self.read = at
        return True

    def fail(self, at: datetime) -> None:
        """Rule 11."""
        at = max(at, self.sent)
        if self.tracked and not self.delivered and (not self.failed or at < self.failed):
            self.failed = at

    def hide(self) -> None:
        """Rules 2 and 13: a retracted read leaves no trace."""
        if self.read:
            self.read, self.withdrawn = None, self.left

    def leave(self, at: datetime) -> None:
        """Rule 2."""
        self.left = self.left or at
        if self.read is None:
            self.withdrawn = self.withdrawn or at
        elif self.seen is None:
            self.seen = self.read


@dataclass
class Message:
    sender: str
    sent: datetime
    tracked: bool
    rows: dict[str, Row] = field(default_factory=dict)
    deleted: bool = False
    body: str = ""
    edited: datetime | None = None

    def edit(self, body: str, at: datetime) -> bool:
        """Later than every open read and than the last edit; the same text is no edit."""
        if self.deleted or body == self.body:
            return False
        reads = [row.read for row in self.rows.values()]
        earlier = [time + timedelta(microseconds=1) for time in (self.edited, *reads) if time]
        self.body, self.edited = body, max(at, self.sent, *earlier)
        return True

    def read_since_edit(self) -> int:
        """How many of the open reads are not before the last edit; 0 without one."""
        reads = [row.read for row in self.rows.values() if row.withdrawn is None]
        return sum(bool(self.edited and read and read >= self.edited) for read in reads)

    def counts(self) -> tuple[int, int, int, int]:
        """Recipients, delivered, read, failed (rule 19)."""
        rows = [row for row in self.rows.values() if row.withdrawn is None]
        return (
            len(rows),
            sum(row.delivered is not None for row in rows),
            sum(row.read is not None for row in rows),
            sum(row.failed is not None and row.delivered is None for row in rows),
        )

    def overall(self) -> str:
        """Rules 3 and 19."""
        total, delivered, read, _ = self.counts()
        if not delivered:
            return "sent"
        if read == total:
            return "read"
        return "delivered" if delivered == total else "partial"


@dataclass
class Room:
    """One conversation."""

    members: set[str]
    messages: list[Message] = field(default_factory=list)

    def send(self, sender: str, at: datetime, tracked: bool, reads: bool) -> None:
        """Rules 1 and 9."""
        for row in self.markable(sender):
            if reads:
                row.see(at, backdated=False, private=False)
            else:
                row.deliver(at, backdated=False)
        message = Message(sender, at, tracked)
        message.rows = {user: Row(at, tracked) for user in self.members - {sender}}
        self.messages.append(message)

    def markable(self, user: str, first: int = 0, last: int | None = None) -> list[Row]:
        """A user's rows of messages ``first`` to ``last`` that a mark can change."""
        messages = self.messages[first : None if last is None else last + 1]
        rows = [m.rows[user] for m in messages if user in m.rows and not m.deleted]
        return [row for row in rows if row.withdrawn is None]

    def leave(self, user: str, at: datetime) -> None:
        """Rule 2."""
        self.members.discard(user)
        self.withdraw(user, at)

    def withdraw(self, user: str, at: datetime) -> None:
        """Rule 2: by leaving, or with the account; a user who is gone already has nothing left."""
        for message in self.messages:
            if user in message.rows and message.rows[user].withdrawn is None:
                message.rows[user].leave(at)

    def may_be_covered(self, user: str, index: int) -> bool:
        """Rule 13: whether a read watermark at a message covers no private read."""
        return not any(
            row.tracked and row.seen and not row.read and not row.withdrawn
            for message in self.messages[: index + 1]
            if (row := message.rows.get(user))
        )

    def unread(self, user: str) -> int:
        """Rules 7 and 21."""
        return sum(row.seen is None for row in self.markable(user))
