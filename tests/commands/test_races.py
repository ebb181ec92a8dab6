"""The commands beside live traffic, with real connections to PostgreSQL, and killed outright."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services.marking import RecipientKey, UpTo
from receipts.sql.run import lock_in_order
from receipts.upkeep.backfilling import Backfill
from receipts.upkeep.checking import Check
from receipts.upkeep.pruning import Prune
from tests.support.cast import say
from tests.support.commands import run
from tests.support.loading import START, at, load, row
from tests.support.positions import up_to
from tests.support.racing import at_once, first_then, wait_until_somebody_waits
from tests.support.random_work import assert_no_drift, random_step

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def loaded(group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Four messages by alice, written by another tool; nobody has read any."""
    ConversationParticipant.objects.update(joined_at=START)
    return [load(alice, group, minute) for minute in (10, 20, 30, 40)]


def position(user: User, message: Message) -> UpTo:
    return up_to(user, message.pk)


class PausedAt:
    """A command that stops for a moment within its batch, with all held, until ``then`` waits."""

    def __init__(self, command: Backfill | Prune, statement: str, then: Callable[[], Any]) -> None:
        self.command, self.statement, self.then = command, statement, then
        self.paused = Event()

    def __call__(self, execute: Any, sql: str, *call: Any) -> Any:
        if self.statement in sql and not self.paused.is_set():
            self.paused.set()
            wait_until_somebody_waits()
        return execute(sql, *call)

    def run(self) -> Any:
        """Both at once; what ``then`` gave."""

        def follow() -> Any:
            assert self.paused.wait(10)
            return self.then()

        def lead() -> None:
            with connection.execute_wrapper(self):
                self.command.run()

        return at_once([lead, follow])[1]


# --- A backfill, and what people do in the same moment -------------------------------------------


def test_a_bulk_mark_that_came_first_is_in_the_rows(loaded: list[Message], bob: User) -> None:
    """No mark is lost: the watermark that it moved is waited for."""
    mark = lambda: services.bulk_mark_read(position=position(bob, loaded[1]))  # noqa: E731
    assert first_then(mark, Backfill().run)[0] == 0
    reads = [row(message, bob).read_at is not None for message in loaded]
    assert reads == [True, True, False, False]


def test_a_bulk_mark_that_comes_meanwhile_finds_the_rows(loaded: list[Message], bob: User) -> None:
    """No mark is lost: it waits, and then marks what was written."""
    mark = lambda: services.bulk_mark_read(position=position(bob, loaded[1]))  # noqa: E731
    assert PausedAt(Backfill(), "INSERT", mark).run() == 2
    reads = [row(message, bob).read_at is not None for message in loaded]
    assert reads == [True, True, False, False]
    assert_no_drift()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("how", ["leaves", "is switched off"])
def test_who_goes_in_the_same_moment_is_withdrawn(
    loaded: list[Message], group: Conversation, bob: User, how: str, first: bool
) -> None:
    """Rule 2: whichever of the two comes first."""
    goes = {
        "leaves": lambda: services.remove_participant(conversation_id=group.pk, user=bob),
        "is switched off": lambda: services.deactivate_user(user=bob),
    }[how]
    if first:
        first_then(goes, Backfill().run)
    else:
        PausedAt(Backfill(), "INSERT", goes).run()
    assert MessageStatus.objects.filter(recipient=bob, withdrawn_at__isnull=False).count() == 4
    assert_no_drift()


def test_a_send_waits_no_longer_than_a_batch(
    loaded: list[Message], group: Conversation, bob: User
) -> None:
    """And what stands above is read by its sender in the rows, too (rule 9)."""
    PausedAt(Backfill(batch_size=1), "INSERT", lambda: say(bob, group)).run()
    read = MessageStatus.objects.filter(recipient=bob, read_at__isnull=False)
    assert read.count() == 4
    assert_no_drift()


def test_several_backfills_at_once_write_everything_once(loaded: list[Message]) -> None:
    """Rules 1 and 22: they wait for each other, and share the work."""
    backfills = [Backfill(batch_size=1) for _ in range(3)]
    at_once([each.run for each in backfills])
    assert sum(each.rows.total() for each in backfills) == MessageStatus.objects.count() == 8
    assert_no_drift()


# --- A pruning, and what people do in the same moment --------------------------------------------


@pytest.fixture
def settled(loaded: list[Message], bob: User, carol: User) -> list[Message]:
    """Four old messages that bob and carol have read."""
    Backfill(assume="read").run()
    return loaded


def test_what_is_marked_unread_in_the_same_moment_is_kept(
    settled: list[Message], bob: User
) -> None:
    """Rule 10: whoever holds the message first."""

    def unread() -> int:
        return services.bulk_mark_unread(
            recipient_id=bob.pk,
            conversation_id=settled[0].conversation_id,
            from_message=settled[2].pk,
        )

    prune = Prune(before=timezone.now())
    assert first_then(unread, prune.run)[0] == 2
    assert (prune.messages, prune.kept) == (2, 2)
    assert MessageStatus.objects.filter(recipient=bob, seen_at=None).count() == 2


def test_what_is_archived_is_passed_over_by_who_waited(settled: list[Message], bob: User) -> None:
    """No count moves any more."""

    def unread() -> int:
        return services.bulk_mark_unread(
            recipient_id=bob.pk,
            conversation_id=settled[0].conversation_id,
            from_message=settled[0].pk,
        )

    assert PausedAt(Prune(before=timezone.now()), "DELETE", unread).run() == 0
    assert not MessageStatus.objects.exists()


def test_what_is_retracted_in_the_same_moment_is_kept(settled: list[Message], bob: User) -> None:
    """Rule 13: a message with a private read is not settled."""
    prune = Prune(before=timezone.now())
    first_then(lambda: services.retract_receipts(user_id=bob.pk), prune.run)
    assert (prune.messages, prune.rows) == (0, 0)


def test_several_prunings_at_once_archive_everything_once(settled: list[Message]) -> None:
    prunings = [Prune(before=timezone.now(), batch_size=1) for _ in range(3)]
    at_once([each.run for each in prunings])
    assert (sum(p.messages for p in prunings), sum(p.rows for p in prunings)) == (4, 8)


def test_a_mark_that_waited_for_an_archiving_is_told_so(
    api: Any, settled: list[Message], bob: User
) -> None:
    """410, since its row was there when it looked."""
    MessageStatus.objects.update(seen_at=at(60), read_at=at(60))
    path, earlier = f"/messages/{settled[0].pk}/read/", {"at": at(50).isoformat()}
    mark = lambda: api(bob).post(path, earlier, status=410)["code"]  # noqa: E731
    assert PausedAt(Prune(before=timezone.now()), "DELETE", mark).run() == "archived"


# --- All of them, with traffic running -----------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_commands_beside_random_work_leave_no_drift_no_lost_mark_and_no_deadlock(
    group: Conversation, alice: User, bob: User, carol: User, dave: User, seed: int
) -> None:
    """Rules 19 and 22: another tool loads messages, and all three commands run."""
    people = [alice, bob, carol, dave]
    services.add_participant(conversation_id=group.pk, user=dave)
    other = services.create_conversation(owner=bob, participants=[alice, carol], kind="group")
    ConversationParticipant.objects.update(joined_at=START)
    for minute in range(30):
        load(alice, random.Random(minute).choice([group, other]), minute)
    marked: list[RecipientKey] = []

    def people_work(number: int) -> None:
        dice = random.Random(seed * 100 + number)
        for _ in range(25):
            random_step(dice, group, dice.choice(people))
            _mark_one(dice, dice.choice(people), marked)
            services.mark_all_read(user_id=dice.choice(people).pk)

    def another_tool() -> None:
        for minute in range(30, 60):
            load(bob, group, minute)

    def operator() -> None:
        for _ in range(6):
            Backfill(batch_size=20).run()
            Prune(before=timezone.now() - timedelta(days=1), batch_size=10).run()
            Check(say=str, fix=True, batch_size=7).run()

    works = [lambda number=number: people_work(number) for number in range(4)]
    at_once([*works, another_tool, operator, Backfill(batch_size=5).run])
    Backfill().run()
    check = Check(say=print)
    check.run()
    assert (check.left, check.waiting) == (0, 0)
    _assert_no_mark_is_lost(marked)


def _mark_one(dice: random.Random, user: User, marked: list[RecipientKey]) -> None:
    """Of a row that is there, as the API finds it; who is told that it changed counts on it."""
    mine = MessageStatus.objects.filter(recipient=user).order_by("?").first()
    if mine is None:
        return
    named = RecipientKey(
        message_id=mine.message_id, recipient_id=user.pk, conversation_id=mine.conversation_id
    )
    if services.mark_read(row=named) is not None:
        marked.append(named)


def _assert_no_mark_is_lost(marked: list[RecipientKey]) -> None:
    """What was marked one by one stays so; what a watermark says, its rows say."""
    for each in marked:
        rows = MessageStatus.objects.filter(
            message=each.message_id, recipient=each.recipient_id, read_at=None
        )
        assert not rows.exists()
    told = Q(message__lte=F("recipient__participations__last_read_message"))
    mine = Q(recipient__participations__conversation=F("conversation"))
    assert not MessageStatus.objects.filter(mine, told, read_at=None, withdrawn_at=None).exists()


# --- Killed ----------------------------------------------------------------------------------


def test_a_backfill_that_is_killed_outright_repeats_cleanly(
    loaded: list[Message], direct: Conversation, alice: User, bob: User
) -> None:
    """SIGKILL in the middle: what was committed stays, the rest is written by the next run."""
    ConversationParticipant.objects.update(joined_at=START)
    last = load(alice, direct, 50)
    with transaction.atomic():
        lock_in_order(Conversation.objects.filter(pk=direct.pk))  # where the last batch is to wait
        process = _started("backfill_receipts", "--batch-size", "1")
        wait_until_somebody_waits()
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    assert MessageStatus.objects.count() == 8
    assert not MessageStatus.objects.filter(message=last).exists()
    assert_no_drift()
    assert run("backfill_receipts") == ["1 messages had no rows; 1 rows written: 1 pending"]
    assert MessageStatus.objects.count() == 9
    assert_no_drift()


def _started(*command: str) -> subprocess.Popen[bytes]:
    """A process of its own, on the database of this test."""
    used = connection.settings_dict
    url = f"postgres://{used['USER']}:{used['PASSWORD']}@{quote(used['HOST'], safe='')}"
    url += f":{used['PORT']}/{used['NAME']}"
    return subprocess.Popen(
        [sys.executable, "manage.py", *command],
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
    )
