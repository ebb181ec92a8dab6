"""Random lives over days with rollups in between: insights are what counting gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from chat.models import Conversation, ConversationParticipant, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.models import MessageStatus
from receipts.services.batch import BatchMark
from receipts.services.erasing.people import forget_user
from receipts.upkeep.checking import Check
from receipts.upkeep.pruning import Prune
from receipts.upkeep.rollup import Comparison, Rollup
from tests.support.cast import ON_POSTGRES
from tests.support.commands import run
from tests.support.history import import_records
from tests.support.lives import run_lives
from tests.support.rollup import assert_as_counted

#: Distributed tables have no rollup (decision 27).
pytestmark = pytest.mark.one_server

NUMBERS = count()
BEGIN = datetime(2026, 3, 1, 20, tzinfo=UTC)
people = st.integers(min_value=0, max_value=3)
chats = st.integers(min_value=0, max_value=2)
which = st.integers(min_value=0, max_value=20)
#: Hours, with halves: several days.
ago = st.integers(min_value=0, max_value=144).map(lambda halves: timedelta(hours=halves / 2))
#: Seconds that a mark took, over all sizes.
spent = st.sampled_from((0, 0.0004, 0.5, 9.99, 10, 59, 61, 300, 4_000, 86_400, 200_000))


class RolledLives(RuleBasedStateMachine):
    """Whatever happens to messages and rows, before and after their days are rolled up."""

    clock: Callable[[datetime], None]

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        number = next(NUMBERS)
        self.now, self.steps = BEGIN, 0
        self.tick()
        self.users = [User.objects.create(username=f"u{place}-{number}") for place in range(4)]
        self.chats = [
            services.create_conversation(
                owner=self.users[0],
                participants=self.users[1 : 4 - place],
                kind="group",
                external_id=f"room{place}-{number}",
            )
            for place in range(3)
        ]
        # The default of the column is the real time.
        ConversationParticipant.objects.update(joined_at=self.now)
        self.gone: set[int] = set()
        self.forgotten: set[int] = set()
        for sender, chat in ((0, 0), (1, 0), (1, 1), (0, 2)):
            self.send(sender, chat, None, True)
        self.mark(1, 0, "read", False, 61)
        self.pass_days(2)
        self.roll()

    def teardown(self) -> None:
        for place in range(len(self.scopes())):
            self.check(place)
        transaction.savepoint_rollback(self.savepoint)

    def tick(self, later: timedelta = timedelta(minutes=7)) -> None:
        self.now += later
        type(self).clock(self.now)

    def message(self, index: int) -> Message | None:
        messages = list(Message.objects.exclude(conversation__in=self.gone).order_by("pk"))
        return messages[index % len(messages)] if messages else None

    def conversation(self, chat: int) -> Conversation | None:
        found = self.chats[chat]
        return None if found.pk in self.gone else found

    def takes_part(self, user: User, chat: Conversation) -> bool:
        user.refresh_from_db()
        return user.is_active and chat.participants.filter(user=user, is_active=True).exists()

    @rule(days=st.sampled_from((1, 2)))
    def pass_days(self, days: int) -> None:
        self.tick(timedelta(days=days))

    @rule()
    def roll(self) -> None:
        Rollup(batch_pairs=2).run()
        found: list[str] = []
        Comparison(say=found.append).run()
        assert not found

    @rule()
    def roll_again(self) -> None:
        Rollup(since=BEGIN.date() + timedelta(days=1)).run()

    @rule(sender=people, chat=chats, before=ago | st.none(), tracked=st.booleans())
    def send(self, sender: int, chat: int, before: timedelta | None, tracked: bool) -> None:
        """Live, or with a time of its own."""
        self.tick()
        conversation, user = self.conversation(chat), self.users[sender]
        if conversation is not None and self.takes_part(user, conversation):
            services.send_message(
                conversation_id=conversation.pk,
                sender=user,
                body="",
                request_receipts=tracked,
                mark_read=False,
                sent_at=None if before is None else self.now - before,
            )

    @rule(
        user=people, index=which, state=st.sampled_from(("delivered", "read", "failed")),
        private=st.booleans(), seconds=spent | st.none(),
    )  # fmt: skip
    def mark(self, user: int, index: int, state: str, private: bool, seconds: float | None) -> None:
        self.tick()
        if (message := self.message(index)) is not None:
            after = None if seconds is None else timedelta(seconds=seconds)
            services.mark_batch([
                BatchMark(
                    message=MessageReference(number=message.pk),
                    username=self.users[user].username,
                    state=state,
                    at=None if after is None else message.created_at + after,
                    private=private if state == "read" else None,
                    reason="off" if state == "failed" else None,
                )
            ])  # fmt: skip

    @rule(user=people, read=st.booleans(), private=st.booleans())
    def mark_all(self, user: int, read: bool, private: bool) -> None:
        self.tick()
        if read:
            services.mark_all_read(user_id=self.users[user].pk, private=private)
        else:
            services.mark_all_delivered(user_id=self.users[user].pk)

    @rule(user=people, chat=chats)
    def mark_up_to_the_newest(self, user: int, chat: int) -> None:
        self.tick()
        conversation, who = self.conversation(chat), self.users[user]
        if conversation is not None and self.takes_part(who, conversation):
            services.mark_up_to(conversation_id=conversation.pk, username=who.username, read=True)

    @rule(user=people)
    def retract(self, user: int) -> None:
        self.tick()
        services.retract_receipts(user_id=self.users[user].pk)

    @rule(user=people, chat=chats, leaves=st.booleans())
    def leave_or_join(self, user: int, chat: int, leaves: bool) -> None:
        self.tick()
        if (conversation := self.conversation(chat)) is None or user in self.forgotten:
            return
        who = self.users[user]
        if leaves:
            services.remove_participant(conversation_id=conversation.pk, user=who)
        elif who.is_active:
            services.add_participant(conversation_id=conversation.pk, user=who)

    @rule(user=people, on=st.booleans())
    def switch(self, user: int, on: bool) -> None:
        self.tick()
        if user not in self.forgotten:
            verb = services.reactivate_user if on else services.deactivate_user
            verb(user=self.users[user])

    @rule(index=which, deleted=st.booleans())
    def delete_or_restore(self, index: int, deleted: bool) -> None:
        self.tick()
        if (message := self.message(index)) is not None:
            verb = services.delete_message if deleted else services.restore_message
            verb(message_id=message.pk)

    @rule(chat=st.integers(min_value=1, max_value=2), whole=st.booleans())
    def delete_conversation(self, chat: int, whole: bool) -> None:
        """At once for everybody; its rows may follow later."""
        self.tick()
        if (conversation := self.conversation(chat)) is not None:
            services.delete_conversation(conversation_id=conversation.pk)
            self.gone.add(conversation.pk)
        if whole:
            for erasure in services.pending_erasures():
                services.run_erasure(erasure)

    @rule()
    def forget(self) -> None:
        self.tick()
        if 3 not in self.forgotten:
            self.users[3].refresh_from_db()
            services.run_erasure(forget_user(username=self.users[3].username))
            self.forgotten.add(3)

    @rule(days=st.sampled_from((0.1, 1, 3)))
    def prune(self, days: float) -> None:
        self.tick()
        Prune(before=self.now - timedelta(days=days)).run()

    @rule(
        sender=people, reader=people, before=ago, chat=chats,
        later=st.sampled_from(("nothing", "stay", "deletion")),
    )  # fmt: skip
    def import_history(
        self, sender: int, reader: int, before: timedelta, chat: int, later: str
    ) -> None:
        """Into the past of a live conversation, and what a later file tells of it."""
        self.tick()
        if self.conversation(chat) is None or self.forgotten & {sender, reader}:
            return
        room, name = self.chats[chat].external_id, f"m{next(NUMBERS)}"
        told = {"conversation": room, "at": self.now.isoformat()}
        message = {"type": "message", "id": name, "conversation": room,
                   "sender": self.users[sender].username,
                   "sent_at": (self.now - before).isoformat()}  # fmt: skip
        newcomer = User.objects.create(username=name)
        of_newcomer, *stays = [
            {"type": "participant", "conversation": room, "user": user.username, "joined_at": 0}
            for user in (newcomer, self.users[sender], self.users[reader])
        ]
        reads = {"type": "watermark", **told, "user": self.users[reader].username,
                 "read_up_to": name}  # fmt: skip
        import_records([*stays, message, reads])
        if later == "stay":
            import_records([of_newcomer])
        elif later == "deletion":
            import_records([*stays, {**message, "deleted_at": self.now.isoformat()}])

    @rule(index=which)
    def load_by_hand_and_backfill(self, index: int) -> None:
        self.tick()
        if (message := self.message(index)) is not None:
            Message.objects.create(
                conversation=message.conversation,
                sender=message.sender,
                created_at=message.created_at,
            )
            run("backfill_receipts", "--assume", "read")

    @rule(index=which)
    def lose_a_row_and_fix(self, index: int) -> None:
        self.tick()
        message = self.message(index)
        if message is not None and message.archived_at is None:
            rows = MessageStatus.objects.filter(message=message).order_by("pk")
            if len(rows) > 1 and rows[0].withdrawn_at is None:
                rows[0].delete()
                Check(say=lambda line: None, fix=True).run()

    @invariant()
    def insights_are_as_counted(self) -> None:
        """Everybody's after each step; of the others one after the other, and all at the end."""
        scopes = self.scopes()
        self.check(0)
        self.check(1 + self.steps % (len(scopes) - 1))
        self.steps += 1

    def check(self, place: int) -> None:
        since = BEGIN.date() - timedelta(days=5)
        late, scope = self.scopes()[place]
        assert_as_counted(since + timedelta(days=6 * late), self.now.date(), **scope)

    def scopes(self) -> list[tuple[bool, dict[str, int]]]:
        """Whether without the first days, of whom and where."""
        of_senders = [{"sender_id": user.pk} for user in self.users[:2]]
        return [
            (False, {}),
            (True, {}),
            *((False, {"conversation_id": chat.pk}) for chat in self.chats),
            *((False, scope) for scope in of_senders),
            *((False, {**scope, "conversation_id": self.chats[0].pk}) for scope in of_senders),
        ]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_insights_of_any_life_are_as_counted(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules 2, 6, 11, 13, 15 and 21, imports, archiving and erasing, beside the rollup."""
    run_lives(RolledLives, monkeypatch, count=30 if ON_POSTGRES else 80)
