"""Random lives of a large conversation: positions say what a row for each recipient would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count, product
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
from chat.errors import NotRecipient
from chat.models import Tracking
from chat.names import MessageReference
from receipts import services
from receipts.models import MemberPosition, MessageStatus
from receipts.reads.by_position import recipient_list
from receipts.reads.messages import message_rows
from receipts.reads.position_counts import Sides, count_on, with_count, with_counts
from receipts.reads.selectors import unread_of
from receipts.rules.status import state_of
from receipts.services.batch_items import BatchMark
from receipts.services.single import Wish
from tests.support.cast import ON_POSTGRES
from tests.support.entering import ON_CITUS
from tests.support.lives import run_lives
from tests.support.model import Line, Message, Room, Row
from tests.support.positions import up_to

PEOPLE = ("alice", "bob", "carol", "dave", "erin")
#: Two recipients are too many for rows; one is not.
LIMIT = 1
NUMBERS = count()
people = st.sampled_from(PEOPLE)
which = st.integers(min_value=0, max_value=9)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
#: What a mark asks: as the switch says, privately, or openly on request.
wishes = st.sampled_from((None, True, False))


def how(wish: bool | None) -> dict[str, bool]:
    return {"private": wish is True, "explicit": wish is False}


class LargeRoom(Room):
    """The model of rows; a position passes a deleted message, too."""

    def markable(
        self,
        user: str,
        first: Message | None = None,
        last: Message | None = None,
        line: Line = None,
    ) -> list[Row]:
        end = None if last is None else self.place(last) + 1
        rows = [m.rows[user] for m in self.ordered[:end] if user in m.rows]
        return [row for row in rows if row.withdrawn is None]


class LargeLives(RuleBasedStateMachine):
    """The service next to the model; the clock advances a second per step."""

    clock: Any

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        number = next(NUMBERS)
        self.now = BEGIN
        self.tick()
        self.users = {
            name: models.User.objects.create(username=f"{name}{number}") for name in PEOPLE
        }
        self.chat = services.create_conversation(
            owner=self.users["alice"], participants=self.users.values(), kind="group"
        )
        self.room = LargeRoom(set(PEOPLE))
        self.ids: list[int] = []
        for name in ("alice", "bob", "alice"):
            self.send(name, reads=False, late=False)

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        self.clock(self.now)
        return self.now

    def at(self, index: int) -> tuple[int, Message]:
        index %= len(self.ids)
        return self.ids[index], self.room.messages[index]

    def placed(self, user: str, message: Message) -> list[Row]:
        """The rows that a mark of one message marks: those by position up to there."""
        if len(message.rows) <= LIMIT:
            return [] if message.deleted else [message.rows[user]]
        before = self.room.ordered[: self.room.place(message) + 1]
        rows = [m.rows[user] for m in before if user in m.rows and len(m.rows) > LIMIT]
        return [row for row in rows if row.withdrawn is None]

    def apply(self, user: str, rows: list[Row], now: datetime, read: bool, wish: Any) -> None:
        hides = user in self.room.hiding
        for row in rows:
            if read:
                row.see(now, False, **how(wish), hides=hides)
            else:
                row.deliver(now, False, hides)

    @rule(user=people, reads=st.booleans(), late=st.booleans())
    def send(self, user: str, reads: bool, late: bool) -> None:
        """A late one keeps no receipts: positions may be further already."""
        if not self.room.is_present(user):
            return
        now = self.tick()
        given = BEGIN if late else None
        sent = services.send_message(
            conversation_id=self.chat.pk, sender=self.users[user], body="", mark_read=reads,
            sent_at=given,
        ).message  # fmt: skip
        recipients = len(self.room.members - {user, *self.room.inactive})
        large = recipients > LIMIT
        kind = Tracking.BY_POSITION if large else Tracking.TRACKED
        assert sent.tracking == (Tracking.TOO_MANY_RECIPIENTS if large and late else kind)
        if large and late:
            message = Message(user, BEGIN, tracked=False)
            self.room.messages.append(message)
            self.apply(user, self.room.markable(user, last=message), BEGIN, reads, None)
        else:
            self.room.send(user, given or now, tracked=True, reads=reads, given=late)
        self.ids.append(sent.pk)

    @rule(user=people)
    def leave(self, user: str) -> None:
        now = self.tick()
        services.remove_participant(conversation_id=self.chat.pk, user=self.users[user])
        if user in self.room.members:
            self.room.leave(user, now)

    @rule(user=people)
    def join(self, user: str) -> None:
        self.tick()
        services.add_participant(conversation_id=self.chat.pk, user=self.users[user])
        self.room.members.add(user)

    @rule(user=people, on=st.booleans())
    def switch(self, user: str, on: bool) -> None:
        now, changes = self.tick(), (user in self.room.inactive) == on
        verb = services.reactivate_user if on else services.deactivate_user
        assert verb(user=self.users[user]) == changes
        if changes and on:
            self.room.switch_on(user)
        elif changes:
            self.room.switch_off(user, now)

    @rule(user=people, on=st.booleans())
    def switch_delivery_receipts(self, user: str, on: bool) -> None:
        services.change_profile(user=self.users[user], delivery_receipts_enabled=on)
        (self.room.hiding.discard if on else self.room.hiding.add)(user)

    @rule(index=which, deleted=st.booleans())
    def delete_or_restore(self, index: int, deleted: bool) -> None:
        pk, message = self.at(index)
        verb = services.delete_message if deleted else services.restore_message
        verb(message_id=pk)
        message.deleted = deleted

    @rule(user=people, index=which, read=st.booleans(), wish=wishes)
    def mark_up_to(self, user: str, index: int, read: bool, wish: bool | None) -> None:
        if not self.room.is_present(user):
            return
        now, (pk, message) = self.tick(), self.at(index)
        position, hides = up_to(self.users[user], pk), {"hides_delivery": user in self.room.hiding}
        if read:
            services.bulk_mark_read(position=position, **how(wish), **hides)
        else:
            services.bulk_mark_delivered(position=position, **hides)
        rows = [
            row
            for row in self.room.markable(user, last=message)
            if len(self.of(row).rows) > LIMIT or not self.of(row).deleted
        ]
        self.apply(user, rows, now, read, wish)

    def of(self, row: Row) -> Message:
        return next(m for m in self.room.messages if any(each is row for each in m.rows.values()))

    @rule(user=people, index=which, read=st.booleans(), wish=wishes)
    def mark_one(self, user: str, index: int, read: bool, wish: bool | None) -> None:
        """Of a message by position: everything up to it, and the answer is the caller's own row."""
        now, (pk, message) = self.tick(), self.at(index)
        own = message.rows.get(user)
        wished = Wish(read=read, private=wish if read else None)
        is_recipient = bool(own and not own.withdrawn and self.room.is_present(user))
        try:
            row = services.mark_message(pk, self.users[user].username, wished)
        except NotRecipient:
            row = None
        if not is_recipient and own and own.read and user in self.room.members:
            return  # who came back may ask for a receipt of an earlier stay that still counts
        assert (row is not None) == is_recipient
        if row is None or own is None:
            return
        if not message.deleted:
            self.apply(user, self.placed(user, message), now, read, wish)
        assert bool(row["seen_at"]) == bool(own.seen)
        assert state_of(row) == state_of(shown(own))

    @rule(user=people, read=st.booleans(), wish=wishes)
    def mark_all(self, user: str, read: bool, wish: bool | None) -> None:
        if user in self.room.inactive:
            return
        now, pk = self.tick(), self.users[user].pk
        hides = {"hides_delivery": user in self.room.hiding}
        if read:
            services.mark_all_read(user_id=pk, **how(wish), **hides)
        else:
            services.mark_all_delivered(user_id=pk, **hides)
        if user in self.room.members:
            rows = [
                row
                for row in self.room.markable(user)
                if len(self.of(row).rows) > LIMIT or not self.of(row).deleted
            ]
            if not read:
                rows = [r for r in rows if len(self.of(r).rows) > LIMIT or r.seen is None]
            self.apply(user, rows, now, read, wish)

    @rule(marks=st.lists(st.tuples(people, which, st.booleans(), wishes), max_size=6))
    def mark_batch(self, marks: list[tuple[str, int, bool, bool | None]]) -> None:
        """Deliveries, then open, explicit and private reads; each kind by message."""
        now = self.tick()
        services.mark_batch(
            [
                BatchMark(
                    message=MessageReference(number=self.at(index)[0]),
                    username=self.users[user].username,
                    state="read" if read else "delivered",
                    private=wish if read else None,
                )
                for user, index, read, wish in marks
            ]
        )

        def in_turn(mark: tuple[str, int, bool, bool | None]) -> tuple[Any, ...]:
            user, index, read, wish = mark
            hides = user in self.room.hiding
            return read, read and wish is True, read and wish is False, hides, self.at(index)[0]

        for user, index, read, wish in sorted(marks, key=in_turn):
            _, message = self.at(index)
            own = message.rows.get(user)
            if own and not own.withdrawn and not message.deleted and self.room.is_present(user):
                self.apply(user, self.placed(user, message), now, read, wish)

    @rule(user=people)
    def retract(self, user: str) -> None:
        self.tick()
        assert services.retract_receipts(user_id=self.users[user].pk).complete
        self.room.retract(user)

    @rule(user=people, index=which, wish=wishes)
    def read_privately_then_openly(self, user: str, index: int, wish: bool | None) -> None:
        """Rule 13: what was read privately stays so, unless the open mark asks for it."""
        self.mark_up_to(user, index, read=True, wish=True)
        self.send("alice", reads=False, late=False)
        self.mark_up_to(user, len(self.ids) - 1, read=True, wish=wish)

    @rule(user=people, index=which)
    def read_and_go(self, user: str, index: int) -> None:
        self.mark_up_to(user, index, read=True, wish=None)
        self.leave(user)
        self.retract(user)
        self.join(user)

    @invariant()
    def counts_are_right(self) -> None:
        """Rules 2, 13, 16 and 19: on whichever side positions are counted."""
        found = {row["id"]: row for row in message_rows(self.chat.messages.all())}
        together = {row["id"]: row for row in with_counts(list(found.values()))}
        for pk, message in zip(self.ids, self.room.messages, strict=True):
            row = with_count(found[pk])
            assert row == together[pk]
            counts = row["recipient_count"], row["delivered_count"], row["read_count"], 0
            assert counts == message.counts()
            assert row["overall_status"] == message.overall()
            if row["tracking"] == Tracking.BY_POSITION and pk in self.ids[-6::2]:
                params = {
                    "conversation": self.chat.pk,
                    "message": pk,
                    "sender": row["sender_id"],
                    "everybody": found[pk]["recipient_count"] + 1,
                }
                sides = product(("high", "low"), ("high", "low", "between"))
                assert len({count_on(Sides(*side), params) for side in sides}) == 1

    @invariant()
    def recipients_are_right(self) -> None:
        """Rules 1, 2 and 13: each one's state, and their times as far as they are known."""
        names = {user.pk: name for name, user in self.users.items()}
        for row, message in zip(
            message_rows(self.chat.messages.order_by("pk")), self.room.messages, strict=True
        ):
            listed = {names[each["recipient_id"]]: each for each in recipient_list(row).queryset()}
            assert listed.keys() == message.rows.keys()
            for name, each in listed.items():
                own = message.rows[name]
                assert state_of(each) == state_of(shown(own))
                for time, is_known in (
                    ("delivered", each.get("is_delivered_at_known", True)),
                    ("read", each.get("is_read_at_known", True)),
                ):
                    told, true = each[f"{time}_at"], getattr(own, time)
                    assert (told is None) == (true is None)
                    assert told is None or (told == true if is_known else told >= true)

    @invariant()
    def nothing_is_written_for_each_recipient(self) -> None:
        large = self.chat.messages.filter(tracking=Tracking.BY_POSITION)
        assert not MessageStatus.objects.filter(message__in=large).exists()
        for name, user in self.users.items():
            rows = [
                row
                for row in self.room.rows_of(name)
                if len(self.of(row).rows) <= LIMIT and not self.of(row).deleted
            ]
            unread = sum(row.seen is None and row.withdrawn is None for row in rows)
            assert unread_of(user.pk).count() == unread

    @invariant()
    def members_are_counted(self) -> None:
        self.chat.refresh_from_db()
        assert self.chat.member_count == len(self.room.members - self.room.inactive)
        open_stays = MemberPosition.objects.filter(conversation=self.chat, until=None)
        assert open_stays.count() == self.chat.member_count


def shown(row: Row) -> Any:
    """The columns of a model's row that decide its state."""
    return {
        "withdrawn_at": row.withdrawn,
        "read_at": row.read,
        "delivered_at": row.delivered,
        "failed_at": None,
    }


@pytest.mark.long
@pytest.mark.timeout(600)
@override_settings(RECEIPTS_MAX_RECIPIENTS=LIMIT)
def test_any_life_of_a_large_conversation_is_what_rows_would_say(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules 1, 2, 4, 7, 9, 13, 16, 19 and 21, all at once."""
    run_lives(LargeLives, monkeypatch, count=2 if ON_CITUS else 10 if ON_POSTGRES else 25)
