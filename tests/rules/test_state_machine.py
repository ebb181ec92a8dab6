"""Random histories of a conversation: after any step, rows, counts and unread counts are right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from chat import models
from chat.errors import Invalid
from chat.names import MessageReference
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.messages import message_rows
from receipts.reads.selectors import unread_of
from receipts.reads.threads import threads_of
from receipts.reads.unread import NOTHING_UNREAD, unread_of_pairs
from receipts.reads.watermarks import show_watermarks
from receipts.rules.threads import EVERYTHING, MAIN_LINE, MessageLine
from receipts.services.batch_items import BatchMark
from receipts.services.marking import RecipientKey
from tests.support.cast import ON_POSTGRES
from tests.support.entering import ON_CITUS
from tests.support.history import import_records
from tests.support.lives import run_lives
from tests.support.model import Line as ModelLine
from tests.support.model import Message, Room
from tests.support.positions import up_to

PEOPLE = ("alice", "bob", "carol", "dave")
NUMBERS = count()
people = st.sampled_from(PEOPLE)
#: Seconds of the history, whose clock starts at 20: few, so that marks coincide, some in future.
moments = st.integers(min_value=0, max_value=60)
which = st.integers(min_value=0, max_value=7)
#: Of what marks are: everything, the main line, or the thread of the message that is drawn.
lines = st.sampled_from(("all", "main", "thread"))
states = st.sampled_from(("sent", "delivered", "read", "failed"))
reasons = st.sampled_from(("busy", "off"))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
Privacy = dict[str, bool]
OPEN: Privacy = {"private": False, "explicit": False}
PRIVATE: Privacy = {"private": True, "explicit": False}
EXPLICIT: Privacy = {"private": False, "explicit": True}
privacies = st.sampled_from((OPEN, PRIVATE, EXPLICIT))


def asked(privacy: Privacy) -> bool | None:
    """A mark's ``private``: false asks for an open read, None leaves it to the setting."""
    return privacy["private"] if privacy != OPEN else None


#: A user, a message, a state, a privacy and a time.
BatchItem = tuple[str, int, str, Privacy, int]


def kind_of_mark(mark: BatchItem) -> tuple[bool, ...]:
    """Failures last, then reads by their privacy."""
    is_read = mark[2] == "read"
    return (
        mark[2] == "failed",
        is_read,
        is_read and mark[3]["private"],
        is_read and mark[3]["explicit"],
    )


class Lives(RuleBasedStateMachine):
    """The service next to the model; the tests own the clock, which advances a second per step."""

    clock: Any

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        number = next(NUMBERS)
        self.now = BEGIN + timedelta(seconds=20)
        self.clock(self.now)
        self.users = {
            name: models.User.objects.create(username=f"{name}{number}") for name in PEOPLE
        }
        self.chat = services.create_conversation(
            owner=self.users["alice"],
            participants=self.users.values(),
            kind="group",
            external_id=f"room{number}",
        )
        self.room = Room(set(PEOPLE))
        self.has_everybody_stayed = True
        self.ids: list[int] = []
        for name in ("alice", "bob", "alice"):
            self.send(name, tracked=True, reads=False)

    def teardown(self) -> None:
        """PostgreSQL would hold the locks of all imports' temporary tables to the test's end."""
        transaction.savepoint_rollback(self.savepoint)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        self.clock(self.now)
        return self.now

    def named(self, user: str, index: int) -> tuple[int, RecipientKey]:
        index %= len(self.ids)
        return index, RecipientKey(
            message_id=self.ids[index],
            recipient_id=self.users[user].pk,
            conversation_id=self.chat.pk,
        )

    def message(self, index: int) -> Any:
        return self.room.messages[index % len(self.ids)]

    def root_of(self, index: int) -> Message:
        """A message of the main line: this one, or the one that it replies to."""
        message: Message = self.message(index)
        return message.root or message

    def id_of(self, message: Message) -> int:
        return self.ids[self.room.messages.index(message)]

    def line_of(self, index: int, line: str) -> tuple[Message, ModelLine, MessageLine]:
        """Where a mark of a line ends, the line of the model, and that of the service."""
        message = self.message(index)
        if line == "all":
            return message, None, EVERYTHING
        root = self.root_of(index)
        if line == "main":
            return root, "main", MAIN_LINE
        return message, root, MessageLine(root=self.id_of(root))

    def row(self, user: str, index: int) -> Any:
        message = self.room.messages[index]
        row = message.rows.get(user)
        return None if row is None or message.deleted or row.withdrawn else row

    @rule(
        user=people, tracked=st.booleans(), reads=st.booleans(), at=moments | st.none(),
        to=which | st.none(),
    )  # fmt: skip
    def send(
        self, user: str, tracked: bool, reads: bool, at: int | None = None, to: int | None = None
    ) -> None:
        """Live, or with a time of its own; to the main line, or to a thread (rule 30)."""
        root = None if to is None else self.root_of(to)
        if not self.room.is_present(user) or (root is not None and root.deleted):
            return
        now = self.tick()
        given = None if at is None else min(BEGIN + timedelta(seconds=at), now)
        message = services.send_message(
            conversation_id=self.chat.pk,
            sender=self.users[user],
            body="",
            request_receipts=tracked,
            mark_read=reads,
            sent_at=given,
            thread=None if root is None else MessageReference(number=self.id_of(root)),
        ).message
        self.room.send(user, given or now, tracked, reads, given is not None, root)
        self.ids.append(message.pk)

    @rule(user=people)
    def leave(self, user: str) -> None:
        now, self.has_everybody_stayed = self.tick(), False
        services.remove_participant(conversation_id=self.chat.pk, user=self.users[user])
        if user in self.room.members:
            self.room.leave(user, now)

    @rule(user=people)
    def join(self, user: str) -> None:
        self.tick()
        services.add_participant(conversation_id=self.chat.pk, user=self.users[user])
        self.room.members.add(user)

    @rule(index=which, deleted=st.booleans())
    def delete_or_restore(self, index: int, deleted: bool) -> None:
        index %= len(self.ids)
        verb = services.delete_message if deleted else services.restore_message
        verb(message_id=self.ids[index])
        self.room.messages[index].deleted = deleted

    @rule(index=which, body=st.sampled_from(["tea?", "cake?"]))
    def edit(self, index: int, body: str) -> None:
        now, index = self.tick(), index % len(self.ids)
        try:
            edited = services.edit_message(message_id=self.ids[index], body=body)
        except Invalid:
            edited = False
        assert self.room.messages[index].edit(body, now) == edited

    @rule(user=people, index=which, read=st.booleans(), privacy=privacies, at=moments | st.none())
    def mark(self, user: str, index: int, read: bool, privacy: Privacy, at: int | None) -> None:
        if user in self.room.inactive:
            return
        now, (index, named) = self.tick(), self.named(user, index)
        given = None if at is None else BEGIN + timedelta(seconds=at)
        counted = min(given or now, now)
        if read:
            services.mark_read(row=named, at=given, **privacy, **self.hides(user))
        else:
            services.mark_delivered(row=named, at=given, **self.hides(user))
        if row := self.row(user, index):
            if read:
                row.see(counted, at is not None, **privacy, hides=user in self.room.hiding)
            else:
                row.deliver(counted, at is not None, user in self.room.hiding)

    @rule(
        user=people, index=which, read=st.booleans(), privacy=privacies, at=moments | st.none(),
        line=lines,
    )  # fmt: skip
    def mark_up_to(
        self,
        user: str,
        index: int,
        read: bool,
        privacy: Privacy,
        at: int | None,
        line: str = "all",
    ) -> None:
        if not self.room.is_present(user):
            return
        now = self.tick()
        given = None if at is None else BEGIN + timedelta(seconds=at)
        message, of_model, of_service = self.line_of(index, line)
        position = up_to(self.users[user], self.id_of(message), of_service)
        if read:
            services.bulk_mark_read(position=position, at=given, **privacy, **self.hides(user))
        else:
            services.bulk_mark_delivered(position=position, at=given, **self.hides(user))
        counted = min(given or now, now)
        hides = user in self.room.hiding
        for row in self.room.markable(user, last=message, line=of_model):
            if read:
                row.see(counted, at is not None, **privacy, hides=hides)
            else:
                row.deliver(counted, at is not None, hides)
        opens = read and not privacy["private"]
        if opens or not hides:
            self.room.reach(user, message, read=opens, line=of_model)

    @rule(user=people, read=st.booleans(), at=moments, index=which, line=lines)
    def mark_by_time(self, user: str, read: bool, at: int, index: int, line: str) -> None:
        """Rule 7: without a message, what was sent by then."""
        if not self.room.is_present(user):
            return
        now, given = self.tick(), BEGIN + timedelta(seconds=at)
        counted, of_model = min(given, now), self.line_of(index, line)[1]
        thread: Any = of_model
        if isinstance(of_model, Message):
            thread = MessageReference(number=self.id_of(of_model))
        services.mark_up_to(
            conversation_id=self.chat.pk,
            username=self.users[user].username,
            read=read,
            at=given,
            thread=thread,
        )
        by_then = [m for m in self.room.ordered if m.sent <= given and m.is_in(of_model)]
        if not by_then:
            return
        hides = user in self.room.hiding
        for row in self.room.markable(user, last=by_then[-1], line=of_model):
            if read:
                row.see(counted, True, private=False, hides=hides)
            else:
                row.deliver(counted, True, hides)
        if read or not hides:
            self.room.reach(user, by_then[-1], read=read, line=of_model)

    @rule(
        user=people, read=st.booleans(), privacy=privacies, at=moments | st.none(),
        rows=st.sampled_from((1, 2, 3, 10)),
    )  # fmt: skip
    def mark_all(self, user: str, read: bool, privacy: Privacy, at: int | None, rows: int) -> None:
        """Rule 8: also in small batches; a watermark moves where rows were marked."""
        if user in self.room.inactive:
            return
        now, pk = self.tick(), self.users[user].pk
        given = None if at is None else BEGIN + timedelta(seconds=at)
        counted = min(given or now, now)
        with override_settings(BATCH_ROWS=rows, BATCH_BUDGET_MS=60_000):
            if read:
                done = services.mark_all_read(user_id=pk, at=given, **privacy, **self.hides(user))
            else:
                done = services.mark_all_delivered(user_id=pk, at=given, **self.hides(user))
        assert done.complete
        sent = [m for m in self.room.ordered if given is None or m.sent <= counted]
        rows_there = self.room.markable(user, last=sent[-1]) if sent else []
        opens, hides = read and not privacy["private"], user in self.room.hiding
        moves = (opens or not hides) and any(
            (row.seen is None and (opens or (row.tracked and row.arrived is None)))
            or (opens and privacy["explicit"] and row.is_private)
            for row in rows_there
        )
        for row in rows_there:
            if read:
                row.see(counted, False, **privacy, hides=hides)
            elif row.seen is None:
                row.deliver(counted, False, hides)
        if moves:
            self.room.reach(user, sent[-1], read=opens)

    @rule(marks=st.lists(st.tuples(people, which, states, privacies, moments), max_size=8))
    def mark_batch(self, marks: list[BatchItem]) -> None:
        """Deliveries, then open, explicit and private reads, then failures, each kind at once."""
        now, items = self.tick(), []
        for user, index, state, privacy, at in marks:
            index, named = self.named(user, index)
            given = BEGIN + timedelta(seconds=at)
            items.append(
                BatchMark(
                    message=MessageReference(number=named.message_id),
                    username=self.users[user].username,
                    state=state,
                    at=given,
                    private=asked(privacy) if state == "read" else None,
                    reason="off" if state == "failed" else None,
                )
            )
        services.mark_batch(items)
        hiding = self.room.hiding
        in_turn = sorted(marks, key=lambda mark: (*kind_of_mark(mark), mark[0] in hiding))
        for user, index, state, privacy, at in in_turn:
            index, _ = self.named(user, index)
            counted = min(BEGIN + timedelta(seconds=at), now)
            if self.room.is_present(user) and (row := self.row(user, index)):
                if state == "read":
                    row.see(counted, True, **privacy, hides=user in hiding)
                elif state == "delivered":
                    row.deliver(counted, True, user in hiding)
                elif state == "failed":
                    row.fail(counted, "off")

    def hides(self, user: str) -> dict[str, bool]:
        return {"hides_delivery": user in self.room.hiding}

    @rule(user=people, on=st.booleans())
    def switch_delivery_receipts(self, user: str, on: bool) -> None:
        """Rule 13: it neither discloses nor retracts."""
        services.change_profile(user=self.users[user], delivery_receipts_enabled=on)
        (self.room.hiding.discard if on else self.room.hiding.add)(user)

    @rule(user=people, index=which, up_to=which)
    def receive_one_privately_and_all_openly(self, user: str, index: int, up_to: int) -> None:
        """Rule 13: no watermark covers it, also where an open read ends before it."""
        self.switch_delivery_receipts(user, on=False)
        self.mark(user, index, read=False, privacy=OPEN, at=None)
        self.switch_delivery_receipts(user, on=True)
        self.mark_up_to(user, up_to, read=True, privacy=OPEN, at=None)
        self.mark_up_to(user, len(self.ids) - 1, read=False, privacy=OPEN, at=None)

    @rule(user=people, index=which, line=lines)
    def mark_unread(self, user: str, index: int, line: str = "all") -> None:
        if user in self.room.inactive:
            return
        self.tick()
        message, of_model, of_service = self.line_of(index, line)
        services.bulk_mark_unread(
            recipient_id=self.users[user].pk,
            conversation_id=self.chat.pk,
            from_message=self.id_of(message),
            line=of_service,
        )
        for row in self.room.markable(user, first=message, line=of_model):
            row.seen = None

    @rule(user=people, index=which, following=st.booleans())
    def follow(self, user: str, index: int, following: bool) -> None:
        """Rule 30: who asks to follow does, and who asks not to does not."""
        if not self.room.is_present(user):
            return
        root = self.root_of(index)
        services.follow_thread(
            conversation_id=self.chat.pk,
            root=self.id_of(root),
            username=self.users[user].username,
            following=following,
        )
        root.follows[user] = following

    @rule(followers=st.booleans())
    def change_recipients_of_replies(self, followers: bool) -> None:
        """Rule 30: from the next reply on."""
        services.change_conversation(
            by=None,
            conversation_id=self.chat.pk,
            thread_recipients="followers" if followers else "participants",
        )
        self.room.is_for_followers = followers

    @rule(user=people, to=which, sender=people, read=st.booleans())
    def read_around_a_thread(self, user: str, to: int, sender: str, read: bool) -> None:
        """Rule 30: no watermark of the main line covers a reply that is open."""
        self.send(sender, tracked=True, reads=False, to=to)
        self.send(sender, tracked=True, reads=False)
        last = len(self.ids) - 1
        self.mark_up_to(user, last, read=read, privacy=OPEN, at=None, line="main")

    @rule(user=people, index=which, at=moments, reason=reasons)
    def fail(self, user: str, index: int, at: int, reason: str) -> None:
        if user in self.room.inactive:
            return
        now, (index, named) = self.tick(), self.named(user, index)
        given = BEGIN + timedelta(seconds=at)
        services.report_failure(row=named, reason=reason, at=given)
        if row := self.row(user, index):
            row.fail(min(given, now), reason)

    @rule(user=people)
    def retract(self, user: str) -> None:
        """Rule 13: for anyone who takes part, or did."""
        self.tick()
        assert services.retract_receipts(user_id=self.users[user].pk).complete
        self.room.retract(user)

    @rule(user=people, on=st.booleans())
    def switch(self, user: str, on: bool) -> None:
        """Rule 2: a deactivated account receives nothing, and gets back what it had."""
        now, changes = self.tick(), (user in self.room.inactive) == on
        verb = services.reactivate_user if on else services.deactivate_user
        assert verb(user=self.users[user]) == changes
        if changes and on:
            self.room.switch_on(user)
        elif changes:
            self.room.switch_off(user, now)

    @rule(user=people)
    def go_and_retract(self, user: str) -> None:
        """Rules 2 and 13: who left or was deactivated looks as if they had never read."""
        self.switch(user, on=False)
        self.retract(user)
        self.leave(user)
        self.retract(user)
        self.switch(user, on=True)

    @rule(user=people, index=which, at=moments)
    def read_and_be_away(self, user: str, index: int, at: int) -> None:
        """Rules 2, 7 and 13: watermarks that are held back when the account is deactivated."""
        self.mark(user, index, read=True, privacy=PRIVATE, at=None)
        self.mark_up_to(user, 7, read=True, privacy=OPEN, at=None)
        self.mark_unread(user, index)
        self.send("alice", tracked=True, reads=False, at=at)
        self.switch(user, on=False)
        self.send("carol", tracked=True, reads=False)

    @rule(user=people, at=moments)
    def read_privately_after_coming_back(self, user: str, at: int) -> None:
        """Rules 2 and 13: a disclosed read from before is retracted."""
        self.mark_up_to(user, 7, read=True, privacy=OPEN, at=None)
        self.leave(user)
        self.join(user)
        self.mark_up_to(user, 7, read=True, privacy=PRIVATE, at=at)

    @rule(sender=people, sent=moments, reader=people, at=moments)
    def import_history(self, sender: str, sent: int, reader: str, at: int) -> None:
        """Rules 6 and 7: into a live conversation. Leavers are in the tests of imports."""
        if not self.has_everybody_stayed or self.room.inactive:
            return
        now, room, name = self.tick(), self.chat.external_id, f"{len(self.ids):06}"
        moment, read_at = (min(BEGIN + timedelta(seconds=each), now) for each in (sent, at))
        usernames = {key: user.username for key, user in self.users.items()}
        stays = [
            {"type": "participant", "conversation": room, "user": user, "joined_at": 0}
            for user in usernames.values()
        ]
        told = import_records([
            *stays,
            {"type": "message", "id": f"{room}-{name}", "conversation": room,
             "sender": usernames[sender], "sent_at": moment.isoformat()},
            {"type": "watermark", "conversation": room, "user": usernames[reader],
             "read_up_to": f"{room}-{name}", "at": read_at.isoformat()},
        ])  # fmt: skip
        assert "lines skipped: 0" in told
        self.room.bring(sender, moment, reader, read_at)
        self.ids.append(self.chat.messages.latest("pk").pk)

    @rule(user=people, sender=people, read=st.booleans(), at=moments)
    def come_late(self, user: str, sender: str, read: bool, at: int) -> None:
        """Rule 7: an older message comes in after everything was marked."""
        self.mark_all(user, read=read, privacy=OPEN, at=None, rows=10)
        self.send(sender, tracked=True, reads=False, at=at)

    @rule(user=people, index=which, first=st.booleans(), at=moments | st.none())
    def read_one_privately_and_all_openly(
        self, user: str, index: int, first: bool, at: int | None
    ) -> None:
        """Rule 13: the watermark does not cover the private read, whichever came first."""
        if first:
            self.mark(user, index, read=True, privacy=PRIVATE, at=at)
        self.mark_all(user, read=True, privacy=OPEN, at=None, rows=10)
        self.mark_up_to(user, len(self.ids) - 1, read=True, privacy=OPEN, at=None)
        if not first:
            self.mark(user, index, read=True, privacy=PRIVATE, at=at)

    @rule(user=people, index=which)
    def restore_after_reading(self, user: str, index: int) -> None:
        """Rule 7: what was deleted when everything was read is unread again."""
        self.delete_or_restore(index, deleted=True)
        self.mark_up_to(user, 7, read=True, privacy=OPEN, at=None)
        self.delete_or_restore(index, deleted=False)

    @invariant()
    def rows_are_right(self) -> None:
        names = {user.pk: name for name, user in self.users.items()}
        rows = MessageStatus.objects.filter(conversation=self.chat)
        stored = {
            (self.ids.index(row.message_id), names[row.recipient_id]): (
                row.received_at,
                row.delivered_at,
                row.seen_at,
                row.read_at,
                row.failed_at,
                row.failure_reason,
                row.withdrawn_at,
            )
            for row in rows
        }
        expected = {
            (index, user): (
                row.received,
                row.delivered,
                row.seen,
                row.read,
                row.failed,
                row.reason if row.failed else None,
                row.withdrawn,
            )
            for index, message in enumerate(self.room.messages)
            for user, row in message.rows.items()
        }
        assert stored == expected

    @invariant()
    def counts_are_right(self) -> None:
        found = models.Message.objects.in_bulk(self.ids)
        for pk, message in zip(self.ids, self.room.messages, strict=True):
            stored = found[pk]
            counts = (
                stored.recipient_count,
                stored.delivered_count,
                stored.read_count,
                stored.failed_count,
            )
            assert (counts, stored.overall_status) == (message.counts(), message.overall())
            assert (stored.edited_at, stored.read_since_edit_count) == (
                message.edited,
                message.read_since_edit(),
            )

    @invariant()
    def watermarks_are_right(self) -> None:
        """Rules 7 and 13: they cover everything that is received or read, and nothing else."""
        names = {user.pk: name for name, user in self.users.items()}
        participants = list(self.chat.participants.all())
        show_watermarks(participants)
        for participant in participants:
            name = names[participant.user_id]
            shown = (participant.last_delivered_message_id, participant.last_read_message_id)
            expected = tuple(self.room.shown(name, read=read) for read in (False, True))
            assert shown == tuple(m and self.ids[self.room.messages.index(m)] for m in expected)

    @invariant()
    def unread_counts_are_right(self) -> None:
        told = unread_of_pairs([(user.pk, self.chat.pk) for user in self.users.values()])
        for name, user in self.users.items():
            counted = told.get((user.pk, self.chat.pk), NOTHING_UNREAD)
            assert counted["unread_count"] == self.room.unread(name)
            assert counted["unread_count_main"] == self.room.unread(name, "main")
        name = self.one_of_people()
        assert unread_of(self.users[name].pk).count() == self.room.unread(name)

    def one_of_people(self) -> str:
        """Who looks at this step; the others do at others."""
        return PEOPLE[self.now.second % len(PEOPLE)]

    @invariant()
    def threads_are_right(self) -> None:
        """Rule 30: how many replies there are, the newest, and those that each has not read."""
        roots = {id(m.root): m.root for m in self.room.messages if m.root is not None}
        rows = list(message_rows(models.Message.objects.filter(conversation=self.chat)))
        name = self.one_of_people()
        known = threads_of(rows, self.users[name]).rows
        for root in roots.values():
            row, replies = known[self.id_of(root)], self.room.replies(root)
            last = self.id_of(replies[-1]) if replies else None
            assert (row["reply_count"], row["last_reply_id"]) == (len(replies), last)
            assert row["unread_replies"] == self.room.unread(name, root)
            assert bool(row["is_following"]) == root.follows.get(name, False)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_any_life_of_a_conversation_is_what_the_model_says(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules 1 to 13, 19 and 21, all at once."""
    # Fewer would miss what was broken to see it fail. On PostgreSQL each statement costs a round
    # trip, and races have tests of their own.
    run_lives(Lives, monkeypatch, count=4 if ON_CITUS else 40 if ON_POSTGRES else 150)
