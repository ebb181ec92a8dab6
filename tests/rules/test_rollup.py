"""The rollup of insights: what changes on a rolled-up day counts at once (rule 29)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import (
    InsightsChange,
    InsightsDay,
    InsightsHorizon,
    InsightsPart,
    MessageStatus,
)
from receipts.services.erasing.people import forget_user
from receipts.upkeep.checking import Check
from receipts.upkeep.pruning import Prune
from receipts.upkeep.rollup import Rollup
from receipts.upkeep.rollup.parts import FIGURES
from tests.support.cast import say
from tests.support.commands import run
from tests.support.history import import_records
from tests.support.insights import BEGIN, RANGE, counts, mark, write
from tests.support.rollup import assert_as_counted, counted

#: Distributed tables have no rollup (decision 27).
pytestmark = pytest.mark.one_server

FIRST, LAST = BEGIN.date(), BEGIN.date() + timedelta(days=4)
HISTORY = {"type": "conversation", "id": "tea", "kind": "group"}


def told(user: User, **how: Any) -> dict[str, Any]:
    return {"type": "participant", "conversation": "tea", "user": user.username, **how}


def sent(sender: User, days: float, name: str, **how: Any) -> dict[str, Any]:
    at = (BEGIN + timedelta(days=days)).isoformat()
    return {"type": "message", "id": name, "conversation": "tea", "sender": sender.username,
            "sent_at": at, **how}  # fmt: skip


@pytest.fixture
def messages(group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Five messages on four days; some delivered and read. And an imported one."""
    found = [write(alice, group, days) for days in (0, 0.5, 1, 3)]
    found.append(write(bob, group, 3.5))
    mark(found[0], "bob", after=5)
    mark(found[0], "carol", after=70)
    mark(found[1], "bob", after=4_000)
    mark(found[2], "carol", after=9, read=False)
    mark(found[4], "alice", after=90_000)
    import_records([HISTORY, *(told(user, joined_at=0) for user in (alice, bob)),
                    sent(alice, 2, "old")])  # fmt: skip
    # What a backfill goes by.
    ConversationParticipant.objects.update(joined_at=BEGIN - timedelta(days=9))
    return found


def read_late(group: Conversation) -> None:
    services.mark_up_to(conversation_id=group.pk, username="carol", read=True)


def read_one_late(group: Conversation) -> None:
    mark(group.messages.order_by("created_at")[2], "carol", after=700_000)


def retract(group: Conversation) -> None:
    services.retract_receipts(user_id=User.objects.get(username="bob").pk)


def leave(group: Conversation) -> None:
    services.remove_participant(conversation_id=group.pk, user=User.objects.get(username="carol"))


def switch_off(group: Conversation) -> None:
    services.deactivate_user(user=User.objects.get(username="carol"))


def switch_on(group: Conversation) -> None:
    services.reactivate_user(user=User.objects.get(username="carol"))


def forget(group: Conversation) -> None:
    services.run_erasure(forget_user(username="carol"))


def send_late(group: Conversation) -> None:
    write(User.objects.get(username="alice"), group, 1.5)


def delete(group: Conversation) -> None:
    services.delete_message(message_id=group.messages.order_by("created_at")[0].pk)


def restore(group: Conversation) -> None:
    services.restore_message(message_id=group.messages.order_by("created_at")[0].pk)


def delete_conversation(group: Conversation) -> None:
    services.delete_conversation(conversation_id=group.pk)


def erase_conversation(group: Conversation) -> None:
    services.run_erasure(services.delete_conversation(conversation_id=group.pk))
    assert not Conversation.objects.filter(pk=group.pk).exists()


def archive(group: Conversation) -> None:
    Prune(before=timezone.now()).run()


def import_message(group: Conversation) -> None:
    alice = User.objects.get(username="alice")
    import_records([HISTORY, told(alice, joined_at=0), sent(alice, 1, "new")])


def import_stay(group: Conversation) -> None:
    import_records([HISTORY, told(User.objects.get(username="carol"), joined_at=0)])


def import_deletion(group: Conversation) -> None:
    alice, at = User.objects.get(username="alice"), timezone.now().isoformat()
    import_records([HISTORY, told(alice, joined_at=0), sent(alice, 2, "old", deleted_at=at)])


def import_read(group: Conversation) -> None:
    import_records([{"type": "receipt", "message": "old", "user": "bob",
                     "read_at": (BEGIN + timedelta(days=2, seconds=8)).isoformat()}])  # fmt: skip


def backfill(group: Conversation) -> None:
    alice = User.objects.get(username="alice")
    Message.objects.create(conversation=group, sender=alice, created_at=BEGIN)
    assert run("backfill_receipts", "--assume", "read")[0].startswith("1 messages")


def backfill_crowd(group: Conversation) -> None:
    """Rule 16: with too many recipients a message becomes untracked."""
    MessageStatus.objects.filter(message=group.messages.order_by("created_at")[0]).delete()
    with override_settings(RECEIPTS_MAX_RECIPIENTS=1):
        assert "1 messages with more" in run("backfill_receipts")[1]


def fix_counts(group: Conversation) -> None:
    Message.objects.filter(pk=group.messages.order_by("created_at")[0].pk).update(read_count=1)
    InsightsChange.objects.all().delete()
    Rollup(since=FIRST).run()
    Check(say=print, fix=True).run()


def nothing(group: Conversation) -> None:
    """Before the change."""


CHANGES: list[tuple[Callable[[Conversation], None], Callable[[Conversation], None]]] = [
    (nothing, read_late), (nothing, read_one_late), (nothing, retract), (nothing, leave),
    (nothing, switch_off), (switch_off, switch_on), (nothing, forget), (nothing, send_late),
    (nothing, delete), (delete, restore), (nothing, delete_conversation),
    (nothing, erase_conversation), (nothing, archive), (nothing, import_message),
    (nothing, import_stay), (nothing, import_deletion), (nothing, import_read),
    (nothing, backfill), (nothing, backfill_crowd),
]  # fmt: skip


def assert_all_as_counted(group: Conversation, alice: User) -> None:
    assert_as_counted(FIRST, LAST)
    assert_as_counted(FIRST + timedelta(days=1), LAST)
    assert_as_counted(FIRST, LAST, sender_id=alice.pk)
    assert_as_counted(FIRST, LAST, conversation_id=group.pk)
    assert_as_counted(FIRST, LAST, conversation_id=group.pk, sender_id=alice.pk)


@pytest.mark.parametrize(
    ("before", "change"), CHANGES, ids=[change.__name__ for _, change in CHANGES]
)
def test_a_change_of_a_rolled_up_day_counts_at_once(
    group: Conversation, alice: User, messages: list[Message], settings: Any,
    before: Callable[[Conversation], None], change: Callable[[Conversation], None],
) -> None:  # fmt: skip
    """And after the next rollup, which has no more to count than on the days that are young."""
    before(group)
    Rollup().run()
    was = counted(since=FIRST, until=LAST)
    change(group)
    assert counted(since=FIRST, until=LAST) != was
    assert_all_as_counted(group, alice)
    Rollup().run()
    assert not InsightsChange.objects.exists()
    assert_all_as_counted(group, alice)


def test_counts_that_are_put_right_count_at_once(
    group: Conversation, alice: User, messages: list[Message]
) -> None:
    """Rule 19."""
    Rollup().run()
    fix_counts(group)
    assert_all_as_counted(group, alice)


def test_nothing_is_noted_where_nothing_is_rolled_up(
    group: Conversation, messages: list[Message]
) -> None:
    """Neither without a rollup, nor of days that are young: ordinary marks write nothing more."""
    assert not InsightsChange.objects.exists()
    Rollup().run()
    young = say(User.objects.get(username="alice"), group, mark_read=False)
    mark(young, "bob", after=0)
    services.delete_message(message_id=young.pk)
    read_one_late(group)
    assert [str(day) for day in InsightsChange.objects.values_list("day", flat=True)] == [
        "2026-01-06"
    ]


def test_days_are_rolled_up_once_they_have_been_over_for_twelve_hours(
    group: Conversation, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours, day in ((11.9, "2026-01-08"), (12, "2026-01-09")):
        now = BEGIN + timedelta(days=4, hours=hours)
        monkeypatch.setattr("django.utils.timezone.now", lambda now=now: now)
        Rollup().run()
        assert str(InsightsHorizon.objects.get().rolled_before) == day
    stored = [str(day) for day in InsightsDay.objects.order_by("day").values_list("day", flat=True)]
    assert stored == ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]


def test_the_horizon_does_not_move_back(
    group: Conversation, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a clock that was set back."""
    Rollup().run()
    before = InsightsHorizon.objects.values().get()
    monkeypatch.setattr("django.utils.timezone.now", lambda: BEGIN)
    Rollup().run()
    assert InsightsHorizon.objects.values().get() == before


def test_figures_of_a_deleted_conversation_go(
    group: Conversation, messages: list[Message], alice: User
) -> None:
    """From the sums, too, of which none of nothing stays."""
    Conversation.objects.exclude(pk=group.pk).get().messages.all().delete()
    Rollup().run()
    delete_conversation(group)
    assert all(model.objects.exists() for model in FIGURES)
    Rollup().run()
    assert not any(model.objects.exists() for model in FIGURES)
    assert_all_as_counted(group, alice)


def test_rolled_up_insights_take_two_statements(
    api: Any, group: Conversation, alice: User, messages: list[Message], statements: Any
) -> None:
    """The caller, the horizon, and one for all figures, so that these are of one moment."""
    Rollup().run()
    read_late(group)
    caller = api(alice)
    with statements() as seen:
        found = caller.get(f"/insights/{RANGE}")
    assert (len(seen), counts(found["total"])) == (3, (5, 9, 8, 8)), seen.sql


def test_one_who_left_sees_nothing_of_rolled_up_days(
    api: Any, group: Conversation, bob: User, messages: list[Message]
) -> None:
    """Decision 0007."""
    Rollup().run()
    assert api(bob).get(f"/insights/{RANGE}")["total"]["messages"] == 1
    services.remove_participant(conversation_id=group.pk, user=bob)
    assert api(bob).get(f"/insights/{RANGE}")["total"]["messages"] == 0


@pytest.mark.parametrize("again", [False, True])
def test_a_sender_has_no_figures_where_they_left_until_they_return(
    group: Conversation, alice: User, bob: User, messages: list[Message], again: bool
) -> None:
    """Decision 0007: whether the rollup has run in between or not."""
    elsewhere = services.create_conversation(owner=bob, participants=[alice], kind="direct")
    mark(write(bob, elsewhere, 3.5), "alice", after=7)
    Rollup().run()
    figures = []
    for change in (services.remove_participant, services.add_participant):
        change(conversation_id=group.pk, user=bob)
        if again:
            Rollup().run()
        assert_as_counted(FIRST, LAST, sender_id=bob.pk)
        figures.append(counted(since=FIRST, until=LAST, sender_id=bob.pk)[0]["total"]["messages"])
    assert figures == [1, 2]


@pytest.mark.parametrize("day", [FIRST, date(1970, 1, 1), LAST])
def test_days_can_be_rolled_up_again(
    group: Conversation, alice: User, messages: list[Message], day: date
) -> None:
    """From a day on: what was changed by hand is right again there."""
    Rollup().run()
    InsightsDay.objects.update(messages=99)
    InsightsPart.objects.filter(day__gte=day).delete()
    rollup = Rollup(since=day)
    rollup.run()
    wrong = [
        str(day) for day in InsightsDay.objects.filter(messages=99).values_list("day", flat=True)
    ]
    assert all(each < str(day) for each in wrong)
    if day < LAST:
        assert_all_as_counted(group, alice)


def test_a_rollup_from_before_the_tables_were_distributed_does_not_count(
    group: Conversation, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are no notes there."""
    Rollup().run()
    InsightsDay.objects.update(messages=99)
    monkeypatch.setattr("receipts.reads.rolled.is_distributed", lambda: True)
    assert_as_counted(FIRST, LAST)
