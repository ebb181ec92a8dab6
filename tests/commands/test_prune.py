"""``prune_receipts``: rows of settled messages go, and nothing that anybody counts changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.upkeep.checking import Check
from tests.support.cast import say
from tests.support.commands import Killed, Statements, run, run_fails, run_refused, statements_of

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def prune(*arguments: str, older_than: int = 30) -> list[str]:
    return run("prune_receipts", "--older-than", str(older_than), *arguments)


def rows(message: Message) -> int:
    return MessageStatus.objects.filter(message=message).count()


def is_archived(message: Message) -> bool:
    message.refresh_from_db()
    return message.archived_at is not None


def everything() -> list[Any]:
    """All that a pruning changes."""
    messages = Message.objects.order_by("pk").values_list(
        "pk", "recipient_count", "delivered_count", "read_count", "overall_status"
    )
    archived = Message.objects.filter(archived_at__isnull=False).values_list("pk", flat=True)
    left = MessageStatus.objects.order_by("pk").values_list("message", "recipient", "seen_at")
    return [*messages, sorted(archived), *left]


def counts() -> list[Any]:
    names = "recipient_count", "delivered_count", "read_count", "failed_count", "overall_status"
    return list(Message.objects.order_by("pk").values_list("pk", *names))


def assert_no_drift() -> None:
    check = Check(say=print)
    check.run()
    assert (check.left, check.waiting) == (0, 0)


def old(sender: User, conversation: Conversation, days: float = 40, **how: Any) -> Message:
    sent_at = NOW - timedelta(days=days)
    return say(sender, conversation, sent_at=sent_at, mark_read=False, **how)


@pytest.fixture
def settled(api: Any, group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Three old messages that all have read, and one that carol has not."""
    messages = [old(alice, group) for _ in range(4)]
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    api(alice).patch(f"/messages/{messages[0].pk}/", {"body": "read by carol alone"})
    body = {"up_to_message": messages[2].pk}
    api(carol).post(f"/conversations/{group.pk}/mark-read/", body)
    return messages


def test_the_rows_go_and_the_counts_stay(settled: list[Message]) -> None:
    """A message that is not settled keeps both."""
    before = counts()
    assert prune() == ["3 messages archived, 6 rows deleted"]
    assert [rows(message) for message in settled] == [0, 0, 0, 2]
    assert [is_archived(message) for message in settled] == [True, True, True, False]
    assert counts() == before
    assert Message.objects.get(pk=settled[0].pk).read_since_edit_count == 1
    assert_no_drift()


@pytest.mark.parametrize(("days", "archived"), [(30.00001, True), (30, False)])
def test_only_what_is_old_enough_is_archived(
    api: Any,
    direct: Conversation,
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    days: float,
    archived: bool,
) -> None:
    """By the message's own time."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    message = old(alice, direct, days=days)
    api(bob).post(f"/messages/{message.pk}/read/")
    prune()
    assert is_archived(message) is archived


@pytest.mark.parametrize("how", ["delivered", "privately", "not asked for"])
def test_what_is_read_by_nobody_openly_is_not_settled(
    api: Any, direct: Conversation, alice: User, bob: User, how: str
) -> None:
    """Rules 13 and 15."""
    message = old(alice, direct, request_receipts=how != "not asked for")
    if how == "delivered":
        api(bob).post(f"/messages/{message.pk}/delivered/")
    else:
        api(bob).post(f"/messages/{message.pk}/read/", {"private": how == "privately"})
    assert prune() == ["0 messages archived, 0 rows deleted"]
    assert rows(message) == 1


def test_a_message_that_somebody_marked_unread_again_keeps_its_rows(
    api: Any, settled: list[Message], bob: User
) -> None:
    """Rule 10: their unread count would change."""
    path = f"/conversations/{settled[0].conversation_id}/mark-unread/"
    api(bob).post(path, {"from_message": settled[1].pk})
    unread = api(bob).get("/me/")["unread_count"]
    assert unread == 3
    said = prune()
    assert said[0] == "1 messages archived, 2 rows deleted"
    assert said[1].startswith("2 messages that everyone has read keep their rows")
    assert api(bob).get("/me/")["unread_count"] == unread


def test_who_is_withdrawn_has_no_say(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 2: their rows go with the others."""
    message = old(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    services.remove_participant(conversation_id=group.pk, user=carol)
    assert prune() == ["1 messages archived, 2 rows deleted"]
    assert counts() == [(message.pk, 1, 1, 1, 0, "read")]


def test_a_deleted_message_is_archived_too(settled: list[Message]) -> None:
    services.delete_message(message_id=settled[0].pk)
    prune()
    assert is_archived(settled[0])


@pytest.mark.parametrize(
    "drift", [{"recipient_count": 3, "read_count": 3, "delivered_count": 3},
              {"recipient_count": 1, "read_count": 1, "delivered_count": 1}]
)  # fmt: skip
def test_rows_that_say_otherwise_than_their_message_are_kept(
    settled: list[Message], drift: dict[str, int]
) -> None:
    """Rule 19: they are the evidence, and ``check_receipts`` looks for it."""
    Message.objects.filter(pk=settled[0].pk).update(**drift)
    assert prune()[0] == "2 messages archived, 4 rows deleted"
    assert rows(settled[0]) == 2


def test_a_message_that_never_had_rows_is_not_archived(settled: list[Message]) -> None:
    """It waits for ``backfill_receipts``."""
    MessageStatus.objects.filter(message=settled[0]).delete()
    prune()
    assert not is_archived(settled[0])


def test_only_one_conversation_is_pruned_if_one_is_named(
    api: Any, settled: list[Message], direct: Conversation, alice: User, bob: User
) -> None:
    other = old(alice, direct)
    api(bob).post(f"/messages/{other.pk}/read/")
    assert prune("--conversation", str(direct.pk)) == ["1 messages archived, 1 rows deleted"]
    assert [is_archived(each) for each in (settled[0], other)] == [False, True]


def test_a_dry_run_says_it_and_changes_nothing(api: Any, settled: list[Message], bob: User) -> None:
    path = f"/conversations/{settled[0].conversation_id}/mark-unread/"
    api(bob).post(path, {"from_message": settled[2].pk})
    before = everything()
    said = prune("--dry-run")
    assert everything() == before
    assert said[0] == "2 messages would be archived, 4 rows would be deleted"
    assert said[1:] == prune()[1:] != []


def test_a_second_run_changes_nothing(settled: list[Message]) -> None:
    prune()
    archived = Message.objects.get(pk=settled[0].pk).archived_at
    assert prune() == ["0 messages archived, 0 rows deleted"]
    assert Message.objects.get(pk=settled[0].pk).archived_at == archived


@pytest.mark.parametrize("size", ["1", "3", "1000000"])
def test_the_size_of_a_batch_changes_nothing(settled: list[Message], size: str) -> None:
    assert prune("--batch-size", size) == ["3 messages archived, 6 rows deleted"]


def test_the_walk_goes_on_past_a_stretch(
    settled: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receipts.upkeep.stretches.stretches.__defaults__", (1,))
    assert prune() == ["3 messages archived, 6 rows deleted"]


@pytest.mark.parametrize("percent", range(5, 100, 10))
def test_a_run_that_was_killed_is_completed_by_the_next(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, percent: int
) -> None:
    """Wherever it was killed: each batch is whole or not there."""

    def world() -> list[Any]:
        MessageStatus.objects.all().delete()
        Message.objects.all().delete()
        messages = [old(alice, group) for _ in range(4)]
        for reader in (bob, carol):
            api(reader).post(f"/conversations/{group.pk}/mark-read/")
        return [message.pk for message in messages]

    command = "prune_receipts", "--older-than", "30", "--batch-size", "2"
    world()
    statements = statements_of(*command)
    ids = world()
    with connection.execute_wrapper(Statements(statements * percent // 100)), pytest.raises(Killed):
        run(*command)
    assert_no_drift()
    run(*command)
    assert list(Message.objects.filter(archived_at=None)) == []
    assert counts() == [(pk, 2, 2, 2, 0, "read") for pk in ids]
    assert not MessageStatus.objects.exists()


def test_ctrl_c_ends_with_the_summary_and_its_own_code(settled: list[Message]) -> None:
    command = "prune_receipts", "--older-than", "30", "--batch-size", "1"
    stop = Statements(10, KeyboardInterrupt)
    with connection.execute_wrapper(stop):
        said, last_words = run_fails(*command, code=130)
    assert said == ["1 messages archived, 2 rows deleted"]
    assert last_words == "stopped; run it again to continue"


@pytest.mark.parametrize(
    ("argument", "value"),
    [("--older-than", "0"), ("--older-than", "-1"), ("--older-than", "1.5"), ("--older-than", "x"),
     ("--older-than", "36501"), ("--older-than", "9" * 5000), ("--batch-size", "0"),
     ("--conversation", "7000"), ("--conversation", "x")],
)  # fmt: skip
def test_a_wrong_argument_is_named_and_nothing_is_changed(
    settled: list[Message], argument: str, value: str
) -> None:
    before = everything()
    days = [] if argument == "--older-than" else ["--older-than=1"]
    assert argument in run_refused("prune_receipts", f"{argument}={value}", *days)
    assert everything() == before


def test_without_an_age_nothing_is_pruned(settled: list[Message]) -> None:
    before = everything()
    assert "--older-than" in run_refused("prune_receipts")
    assert everything() == before
