"""What Seenby promises, in plain Python: a few dicts, no SQL, none of the service's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Union


@dataclass
class Row:
    """One message for one recipient."""

    sent: datetime
    tracked: bool
    #: When it was first delivered, and whether that is private.
    arrived: datetime | None = None
    is_hidden: bool = False
    seen: datetime | None = None
    read: datetime | None = None
    failed: datetime | None = None
    reason: str = ""
    withdrawn: datetime | None = None
    #: When its recipient first left after it was sent.
    left: datetime | None = None
    #: When their account was deactivated, while it is.
    off: datetime | None = None

    @property
    def delivered(self) -> datetime | None:
        """Rule 13: what others know of the delivery: an open read discloses a private one."""
        return self.read if self.is_hidden else self.arrived

    @property
    def received(self) -> datetime | None:
        """Rule 13: a private delivery, which its recipient alone knows."""
        return self.arrived if self.is_hidden else None

    def deliver(self, at: datetime, backdated: bool, hides: bool) -> bool:
        """Rules 5, 6, 11, 13, 15: the earliest counts, with its privacy; a tie is private."""
        at = max(at, self.sent)
        if not self.tracked or not self.arrives(at, backdated, hides):
            return False
        self.arrived, self.is_hidden = at, hides
        if self.delivered:
            self.failed = None
        return True

    def arrives(self, at: datetime, backdated: bool, hides: bool) -> bool:
        """Whether a delivery at this time counts more than the one that is known."""
        if self.arrived is None:
            return True
        ties = at == self.arrived and hides and not self.is_hidden
        return backdated and (at < self.arrived or ties)

    @property
    def is_private(self) -> bool:
        """Rule 13: read, and nobody else may know."""
        return self.tracked and self.seen is not None and self.read is None

    @property
    def disclosed_later(self) -> bool:
        """Rule 13: a private read that an explicit open mark disclosed."""
        return bool(self.seen and self.read and self.seen < self.read)

    def see(
        self,
        at: datetime,
        backdated: bool,
        private: bool,
        explicit: bool = False,
        hides: bool = False,
    ) -> bool:
        """Rules 5, 6, 13, 15: the earliest read counts, its privacy with it; a tie is private."""
        at = max(at, self.sent)
        first = self.seen if self.disclosed_later else self.read or self.seen
        earlier = first is not None and (at < first or (private and self.read == at))
        discloses = explicit and self.tracked and self.read is None
        if explicit and backdated and self.read is not None and at < self.read:
            discloses = True
        ties = self.tracked and hides and not self.is_hidden and self.arrives(at, backdated, True)
        if self.seen is not None and not (backdated and (earlier or ties)) and not discloses:
            return False
        takes_back = private and first is not None and at <= first and not self.disclosed_later
        self.seen = min(self.seen or at, at)
        if self.tracked:
            self.deliver(at, backdated or not private, hides)
            if takes_back:
                self.hide()
            elif explicit:
                self.read = min(self.read or at, at)
            elif not private and (first is None or at < first):
                self.read = at
            if self.delivered:
                self.failed = None
        return True

    def merge(self, at: datetime, hides: bool) -> None:
        """Rule 6, as an import has it: an open read, earlier than what is known or the first."""
        at = max(at, self.sent)
        first = self.seen if self.disclosed_later else self.read or self.seen
        if first is None or at < first:
            self.seen = self.read = at
        self.deliver(at, True, hides)
        if self.delivered:
            self.failed = None

    def fail(self, at: datetime, reason: str) -> None:
        """Rule 11: the latest counts; of two at the same time, the first reason."""
        at = max(at, self.sent)
        if not self.tracked or self.delivered:
            return
        if not self.failed or at > self.failed or (at == self.failed and reason < self.reason):
            self.failed, self.reason = at, reason

    def hide(self) -> None:
        """Rules 2 and 13: a retracted read leaves no trace."""
        if self.read:
            self.read, self.withdrawn = None, self.left or self.off

    def leave(self, at: datetime) -> None:
        """Rule 2: for good; of a deactivated account from when it was deactivated."""
        self.left, self.off = self.left or self.off or at, None
        if self.read is None:
            self.withdrawn = self.withdrawn or at
        elif self.seen is None:
            self.seen = self.read

    def switch_off(self, at: datetime) -> None:
        """Rule 2: until the account is reactivated. What is unread again waits for it."""
        self.off = at
        if self.read is None:
            self.withdrawn = self.withdrawn or at

    def switch_on(self) -> None:
        """Rule 2: what deactivating withdrew counts again."""
        if self.withdrawn == self.off:
            self.withdrawn = self.left
        self.off = None


#: Which messages a mark is about: all, those outside threads, or the replies to one.
Line = Union["Message", Literal["main"], None]


@dataclass(eq=False)  # two of one moment are two, though all else is equal
class Message:
    sender: str
    sent: datetime
    tracked: bool
    rows: dict[str, Row] = field(default_factory=dict)
    deleted: bool = False
    body: str = ""
    edited: datetime | None = None
    #: The message that it replies to.
    root: Message | None = None
    #: Of a root: who has followed its thread, and who has asked not to.
    follows: dict[str, bool] = field(default_factory=dict)

    def is_followed(self, user: str) -> bool:
        """Rule 30: by its sender, before anyone has said or done anything."""
        return self.follows.get(user, user == self.sender)

    def is_in(self, line: Line) -> bool:
        """Rule 30: in the main line, among the replies to one message, or anywhere."""
        return line is None or self.root is (None if line == "main" else line)

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

    def is_open(self, user: str, *, read: bool) -> bool:
        """Rules 7 and 13: no watermark covers it: not received or read, or read privately."""
        row = self.rows.get(user)
        if row is None or not self.tracked or row.withdrawn:
            return False
        return not self.deleted and not (row.read if read else row.delivered)

    def is_done(self, user: str, *, read: bool) -> bool:
        """Whether its user sent it, or received or read it openly."""
        row = self.rows.get(user)
        return self.sender == user or bool(row and (row.read if read else row.delivered))

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
class Member:
    """How far a participant has reached, as positions in the order of a room's messages."""

    delivered: Message | None = None
    read: Message | None = None


@dataclass
class Room:
    """One conversation; ``messages`` in the order of arrival, ``ordered`` in that of time."""

    members: set[str]
    messages: list[Message] = field(default_factory=list)
    #: What imports have said: who had read how far of the imported messages, and when.
    imported: list[Message] = field(default_factory=list)
    positions: list[tuple[str, Message, datetime, bool]] = field(default_factory=list)
    #: Those who have switched their delivery receipts off.
    hiding: set[str] = field(default_factory=set)
    reached: dict[str, Member] = field(default_factory=dict)
    #: Deactivated accounts, and how far those had come who took part then and ever since.
    inactive: set[str] = field(default_factory=set)
    off: dict[str, Member] = field(default_factory=dict)
    #: Whether only followers receive replies.
    is_for_followers: bool = False

    @property
    def ordered(self) -> list[Message]:
        """Rule 7: by sent time; of equal times the first arrival first."""
        return sorted(self.messages, key=lambda message: message.sent)

    def place(self, message: Message | None) -> int:
        """A message's place in the order; -1 for none."""
        return -1 if message is None else [id(m) for m in self.ordered].index(id(message))

    def is_present(self, user: str) -> bool:
        """Whether they take part, and the account is active."""
        return user in self.members - self.inactive

    def send(
        self,
        sender: str,
        at: datetime,
        tracked: bool,
        reads: bool,
        given: bool = False,
        root: Message | None = None,
    ) -> Message:
        """Rules 1, 7, 9 and 30: a live message is a millisecond later than all others."""
        if not given and self.messages:
            at = max(at, self.ordered[-1].sent + timedelta(milliseconds=1))
        message = Message(sender, at, tracked, root=root)
        others = self.members - {sender, *self.inactive}
        if root is not None and self.is_for_followers:
            others = {user for user in others if root.is_followed(user)}
        message.rows = {user: Row(at, tracked) for user in others}
        self.messages.append(message)
        if root is not None:
            root.follows.setdefault(root.sender, True)
            root.follows[sender] = True
        before = self.markable(sender, last=message, line=root or "main")
        if root is not None and self.place(root) < self.place(message):
            before += self.markable(sender, first=root, last=root)
        for row in before:
            if reads:
                row.see(at, backdated=False, private=False, hides=sender in self.hiding)
            else:
                row.deliver(at, backdated=False, hides=sender in self.hiding)
        if tracked and root is None and (reads or sender not in self.hiding):
            self.reach(sender, message, read=reads)
        return message

    def bring(self, sender: str, sent: datetime, reader: str, at: datetime) -> None:
        """An import of a message, which a reader had read, with all imported ones before."""
        message = Message(sender, sent, tracked=True)
        message.rows = {user: Row(sent, True) for user in self.members - {sender}}
        self.messages.append(message)
        self.imported.append(message)
        self.positions.append((reader, message, at, reader in self.hiding))
        for user, up_to, told_at, hides in self.positions:
            for each in self.imported:
                if user in each.rows and self.place(each) <= self.place(up_to):
                    each.rows[user].merge(told_at, hides)
            self.reach(user, up_to, read=True)

    def reach(self, user: str, up_to: Message, *, read: bool, line: Line = None) -> None:
        """Rules 7 and 30: they move forward, to the last tracked message of the line up to there.

        A mark of a thread moves none.
        """
        if isinstance(line, Message):
            return
        before = self.ordered[: self.place(up_to) + 1]
        tracked = [m for m in before if m.tracked and m.is_in(line)]
        member = self.reached.setdefault(user, Member())
        if not tracked:
            return
        if self.place(member.delivered) < self.place(tracked[-1]):
            member.delivered = tracked[-1]
        if read and self.place(member.read) < self.place(tracked[-1]):
            member.read = tracked[-1]

    def markable(
        self,
        user: str,
        first: Message | None = None,
        last: Message | None = None,
        line: Line = None,
    ) -> list[Row]:
        """A user's rows of a line from ``first`` to ``last``, in order, that a mark can change."""
        end = None if last is None else self.place(last) + 1
        messages = self.ordered[max(self.place(first), 0) : end]
        messages = [m for m in messages if m.is_in(line)]
        rows = [m.rows[user] for m in messages if user in m.rows and not m.deleted]
        return [row for row in rows if row.withdrawn is None]

    def rows_of(self, user: str) -> list[Row]:
        return [message.rows[user] for message in self.messages if user in message.rows]

    def leave(self, user: str, at: datetime) -> None:
        """Rule 2: what a deactivation took is not given back any more."""
        self.settle(user)
        self.off.pop(user, None)
        self.members.discard(user)
        for row in self.rows_of(user):
            if row.withdrawn is None or row.off:
                row.leave(at)

    def switch_off(self, user: str, at: datetime) -> None:
        """Rule 2: a user who is gone already has nothing left."""
        self.inactive.add(user)
        if user not in self.members:
            return
        self.off[user] = self.reached.get(user, Member())
        self.settle(user)
        for row in self.rows_of(user):
            if row.withdrawn is None:
                row.switch_off(at)

    def switch_on(self, user: str) -> None:
        """Rule 2: as it was."""
        self.inactive.discard(user)
        self.reached[user] = self.off.pop(user, self.reached.get(user, Member()))
        for row in self.rows_of(user):
            if row.off:
                row.switch_on()

    def retract(self, user: str) -> None:
        """Rule 13: earlier reads are private, and so is how far one has read."""
        for row in self.rows_of(user):
            row.hide()
        for reached in (self.reached, self.off):
            if user in reached:
                reached[user].read = None

    def settle(self, user: str) -> None:
        """The watermarks end where they are shown."""
        shown = Member(*(self.shown(user, read=read) for read in (False, True)))
        self.reached[user] = shown

    def shown(self, user: str, *, read: bool) -> Message | None:
        """Rules 7 and 13: the last one its user sent or read before the first that is open."""
        member = self.reached.get(user, Member())
        up_to = member.read if read else member.delivered
        before = self.ordered[: self.place(up_to) + 1]
        stop = next((place for place, m in enumerate(before) if m.is_open(user, read=read)), None)
        if stop is None:
            return up_to
        done = [m for m in before[:stop] if m.tracked and m.is_done(user, read=read)]
        return done[-1] if done else None

    def unread(self, user: str, line: Line = None) -> int:
        """Rules 7, 21 and 30."""
        return sum(row.seen is None for row in self.markable(user, line=line))

    def replies(self, root: Message) -> list[Message]:
        """The replies to a message that are not deleted, in order (rule 30)."""
        return [m for m in self.ordered if m.root is root and not m.deleted]
