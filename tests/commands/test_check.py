"""``check_receipts``: drift is found, told and put right; what is right is left alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services.marking import RecipientKey
from receipts.upkeep import checking
from tests.support.cast import counts, say
from tests.support.commands import Statements, run, run_fails, run_refused
from tests.support.database import misplace
from tests.support.racing import at_once, wait_until_somebody_waits

pytestmark = pytest.mark.django_db


def check(**options: Any) -> list[str]:
    """What the command says when it exits with 0."""
    out = io.StringIO()
    call_command("check_receipts", stdout=out, **options)
    return out.getvalue().splitlines()


def check_fails(**options: Any) -> tuple[list[str], str]:
    """What the command says when it exits with 1, and its last words."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("check_receipts", stdout=out, **options)
    assert error.value.returncode == 1
    return out.getvalue().splitlines(), str(error.value)


def mark_read(message: Message, reader: User) -> None:
    row = RecipientKey(
        message_id=message.pk, recipient_id=reader.pk, conversation_id=message.conversation_id
    )
    services.mark_read(row=row)


@pytest.fixture
def talk(group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Three messages: read by all, read by bob, and one that carol left unread."""
    messages = [say(alice, group) for _ in range(3)]
    for message, readers in zip(messages, ([bob, carol], [bob], []), strict=True):
        for reader in readers:
            mark_read(message, reader)
    services.remove_participant(conversation_id=group.pk, user=carol)
    return messages


def test_what_is_right_is_summed_up(talk: list[Message]) -> None:
    """Rule 19: marks, and a withdrawal, leave counts and rows alike."""
    assert check() == [
        "3 messages, 6 rows: no drift",
        "1 sent, 0 partial, 0 delivered, 2 read",
    ]


def test_an_empty_database_has_no_drift(db: None) -> None:
    assert check()[0] == "0 messages, 0 rows: no drift"


@pytest.mark.parametrize(
    ("count", "stored", "right"),
    [("recipient_count", 7, 2), ("delivered_count", 0, 2), ("read_count", 1, 2),
     ("failed_count", 1, 0)],
)  # fmt: skip
def test_each_count_that_drifted_is_told(
    talk: list[Message], count: str, stored: int, right: int
) -> None:
    """Rule 19: all four."""
    Message.objects.filter(pk=talk[0].pk).update(**{count: stored})
    said, last_words = check_fails()
    assert said[0] == f"message {talk[0].pk}: {count} is {stored} and should be {right}"
    assert said[1].endswith("drifted messages 1, stray rows 0")
    assert "--fix" in last_words


def test_reads_of_the_present_text_that_drifted_are_told_and_fixed(
    talk: list[Message], carol: User
) -> None:
    """Rule 19: of an edited message, those whose read is not before the edit; else there are 0."""
    services.edit_message(message_id=talk[0].pk, body="other words")
    services.edit_message(message_id=talk[2].pk, body="other words")
    assert check()[0].endswith("no drift")
    Message.objects.update(read_since_edit_count=1)
    said, _ = check_fails()
    assert [line for line in said if line.startswith("message")] == [
        f"message {each.pk}: read_since_edit_count is 1 and should be 0" for each in talk
    ]
    earlier = Message.objects.get(pk=talk[0].pk).created_at
    Message.objects.filter(pk=talk[0].pk).update(edited_at=earlier)
    check(fix=True)
    found = Message.objects.order_by("pk").values_list("read_since_edit_count", flat=True)
    assert list(found) == [2, 0, 0]


def test_a_withdrawn_row_counts_for_nothing(talk: list[Message]) -> None:
    """Rule 2: a row that was withdrawn behind the service's back is drift."""
    MessageStatus.objects.filter(message=talk[2]).update(withdrawn_at=timezone.now())
    said, _ = check_fails()
    assert said[0] == f"message {talk[2].pk}: recipient_count is 1 and should be 0"


def test_looking_changes_nothing(talk: list[Message]) -> None:
    Message.objects.update(read_count=0)
    check_fails()
    assert counts(talk[0]) == (2, 2, 0, 0)


def test_fix_writes_what_the_rows_say(talk: list[Message]) -> None:
    """Rule 19."""
    Message.objects.update(recipient_count=9, delivered_count=0, read_count=0, failed_count=3)
    said = check(fix=True)
    assert said[-2].endswith("drifted messages 3 (3 fixed), stray rows 0")
    assert [counts(m) for m in talk] == [(2, 2, 2, 0), (1, 1, 1, 0), (1, 0, 0, 0)]
    assert check()[0].endswith("no drift")


def test_fix_leaves_what_is_right(talk: list[Message]) -> None:
    before = [counts(message) for message in talk]
    check(fix=True)
    assert [counts(message) for message in talk] == before


def test_the_check_goes_on_past_a_batch(talk: list[Message]) -> None:
    Message.objects.update(failed_count=3)
    assert check(fix=True, batch_size=1)[-2].endswith("drifted messages 3 (3 fixed), stray rows 0")
    assert check()[0] == "3 messages, 6 rows: no drift"


def test_only_one_conversation_is_checked_if_one_is_named(
    talk: list[Message], direct: Conversation, alice: User
) -> None:
    say(alice, direct)
    Message.objects.filter(conversation=direct).update(read_count=1)
    group = talk[0].conversation_id
    assert check(conversation=group)[0] == "3 messages, 6 rows: no drift"
    said, _ = check_fails(conversation=direct.pk)
    assert said[-2].startswith("1 messages, 1 rows: drifted messages 1")


@pytest.mark.parametrize(("name", "code"), [("ext:tea", 1), ("ext:no", 2)])
def test_a_conversation_is_named_by_its_external_id(
    talk: list[Message], name: str, code: int
) -> None:
    """Rule 24."""
    Conversation.objects.filter(pk=talk[0].conversation_id).update(external_id="tea")
    Message.objects.update(read_count=9)
    run_fails("check_receipts", "--conversation", name, code=code)
    for wrong in ("tea", "ext:"):
        assert "--conversation" in run_refused("check_receipts", "--conversation", wrong)


def test_only_one_conversation_is_fixed_if_one_is_named(
    talk: list[Message], direct: Conversation, alice: User
) -> None:
    other = say(alice, direct)
    Message.objects.update(read_count=9)
    check(conversation=talk[0].conversation_id, fix=True)
    assert (counts(talk[0])[2], counts(other)[2]) == (2, 9)


def test_an_unknown_conversation_is_refused(db: None) -> None:
    _, last_words = run_fails("check_receipts", "--conversation", "7", code=2)
    assert last_words == "--conversation: there is no conversation 7."


@pytest.mark.parametrize("argument", ["--batch-size=0", "--batch-size=x", "--conversation=x"])
def test_a_wrong_argument_is_named_and_nothing_is_fixed(talk: list[Message], argument: str) -> None:
    Message.objects.update(read_count=0)
    assert argument.partition("=")[0] in run_refused("check_receipts", "--fix", argument)
    assert counts(talk[0]) == (2, 2, 0, 0)


def test_so_many_findings_are_told_and_the_rest_counted(
    talk: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "FINDINGS_TOLD", 2)
    Message.objects.update(failed_count=3)
    MessageStatus.objects.filter(message=talk[0]).update(recipient=F("recipient") + 10**6)
    said, _ = check_fails()
    assert [line.startswith("message ") for line in said[:3]] == [True, True, False]
    assert said[2] == "and 3 more"


@pytest.mark.parametrize("column", ["message", "recipient"])
def test_a_row_of_something_that_does_not_exist_is_told(talk: list[Message], column: str) -> None:
    """Rows carry no foreign-key constraint; this is what looks after them."""
    lost = MessageStatus.objects.filter(message=talk[2]).order_by("pk")[:1].get()
    MessageStatus.objects.filter(pk=lost.pk).update(**{column: 10**6})
    said, _ = check_fails()
    assert f"row {lost.pk}: its {column} {10**6} does not exist" in said


def test_a_row_of_another_conversation_than_its_message_is_told(
    talk: list[Message], direct: Conversation
) -> None:
    lost = MessageStatus.objects.filter(message=talk[2]).order_by("pk")[:1].get()
    misplace(MessageStatus.objects.filter(pk=lost.pk), direct.pk)
    for options in ({}, {"conversation": talk[2].conversation_id}, {"conversation": direct.pk}):
        said, _ = check_fails(**options)
        told = f"its conversation is {direct.pk}, its message's is {talk[2].conversation_id}"
        assert f"row {lost.pk}: {told}" in said


def test_a_row_of_no_conversation_is_told(talk: list[Message]) -> None:
    """A message's own conversation is there for certain, so the two differ."""
    misplace(MessageStatus.objects.filter(message=talk[2]), 10**6)
    said, _ = check_fails()
    told = f"its conversation is {10**6}, its message's is {talk[2].conversation_id}"
    assert sum(line.endswith(told) for line in said) == 2


def test_fix_does_not_hide_rows_that_belong_to_nothing(talk: list[Message]) -> None:
    """It writes counts; what to do with such rows is for people to say."""
    MessageStatus.objects.filter(message=talk[2]).update(recipient=F("recipient") + 10**6)
    rows = MessageStatus.objects.count()
    _, last_words = check_fails(fix=True)
    assert "Stray rows are not counted" in last_words
    assert MessageStatus.objects.count() == rows


def test_an_archived_message_keeps_its_counts(talk: list[Message]) -> None:
    """``prune_receipts`` takes the rows of messages that everybody has read."""
    MessageStatus.objects.filter(message=talk[0]).delete()
    Message.objects.filter(pk=talk[0].pk).update(archived_at=timezone.now())
    assert check(fix=True) == [
        "3 messages, 4 rows: no drift",
        "1 sent, 0 partial, 0 delivered, 2 read",
    ]
    assert counts(talk[0]) == (2, 2, 2, 0)


def test_a_row_of_an_archived_message_is_told_and_left(talk: list[Message]) -> None:
    """It is not counted, and whether it or the counts are wrong is for people to say."""
    Message.objects.filter(pk=talk[0].pk).update(archived_at=timezone.now(), read_count=1)
    row = MessageStatus.objects.filter(message=talk[0]).order_by("pk")[0]
    said, last_words = check_fails(fix=True)
    assert said[0] == f"row {row.pk}: its message {talk[0].pk} is archived"
    assert said[2].endswith("drifted messages 0, stray rows 2")
    assert "Stray rows are not counted" in last_words
    assert counts(talk[0]) == (2, 2, 1, 0)


def test_a_message_that_lost_its_rows_has_drifted_and_keeps_its_counts(
    talk: list[Message],
) -> None:
    """They may be all that is known; ``backfill_receipts`` writes the rows, and then the counts."""
    MessageStatus.objects.filter(message=talk[2]).delete()
    Message.objects.filter(pk=talk[0].pk).update(read_count=9)
    said, last_words = check_fails(fix=True)
    assert said[1] == f"message {talk[2].pk}: recipient_count is 1, and it has no rows"
    assert said[2].endswith("drifted messages 2 (1 fixed), stray rows 0")
    assert said[-1] == "1 tracked messages have no rows: backfill_receipts writes them"
    assert "backfill_receipts" in last_words
    assert (counts(talk[0])[2], counts(talk[2])) == (2, (1, 0, 0, 0))
    run("backfill_receipts")
    assert check()[0] == "3 messages, 6 rows: no drift"


def test_messages_that_wait_for_their_rows_are_told_and_are_no_drift(talk: list[Message]) -> None:
    """Those that another tool wrote, with counts that say nothing."""
    Message.objects.create(conversation=talk[0].conversation, sender=talk[0].sender)
    assert check(fix=True) == [
        "4 messages, 6 rows: no drift",
        "2 sent, 0 partial, 0 delivered, 2 read",
        "1 tracked messages have no rows: backfill_receipts writes them",
    ]
    run("backfill_receipts")
    assert len(check()) == 2


def test_counts_of_a_message_that_nobody_received_have_drifted(
    talk: list[Message], carol: User, group: Conversation
) -> None:
    """Rule 3: no backfill would write a row for it, so no row is what is right."""
    alone = services.create_conversation(owner=carol, participants=[], kind="group")
    message = say(carol, alone)
    Message.objects.filter(pk=message.pk).update(recipient_count=1)
    assert check(fix=True)[0] == f"message {message.pk}: recipient_count is 1 and should be 0"
    assert counts(message) == (0, 0, 0, 0)


@pytest.mark.one_server
def test_ctrl_c_ends_with_what_was_found_so_far(talk: list[Message]) -> None:
    """What was not looked at is not said to be right."""
    Message.objects.update(read_count=9)
    stop = Statements(13, KeyboardInterrupt)
    with connection.execute_wrapper(stop):
        said, last_words = run_fails("check_receipts", "--batch-size", "1", code=130)
    assert said[-1].startswith("until it was stopped: drifted messages 2")
    assert last_words == "stopped; run it again to continue"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_fix_waits_for_a_mark_that_is_on_its_way(
    group: Conversation, alice: User, bob: User
) -> None:
    """Rule 19: counted without waiting, the mark's row would be missed and its count undone."""
    message = say(alice, group)
    Message.objects.update(failed_count=5)
    marked = Event()

    def mark() -> None:
        with transaction.atomic():
            mark_read(message, bob)
            marked.set()
            wait_until_somebody_waits()

    def fix() -> None:
        assert marked.wait(10)
        checking.Check(say=str, fix=True).run()

    at_once([mark, fix])
    assert counts(message) == (2, 1, 1, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fixing_beside_live_marks_leaves_no_drift(
    group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 19 and 22: no mark is lost, and none is refused."""
    messages = [say(alice, group) for _ in range(20)]

    def reads(reader: User) -> Callable[[], None]:
        return lambda: [mark_read(message, reader) for message in messages]

    def breaks_and_fixes() -> None:
        for _ in range(10):
            for message in messages:
                Message.objects.filter(pk=message.pk).update(failed_count=5)
            checking.Check(say=str, fix=True).run()

    at_once([reads(bob), reads(carol), breaks_and_fixes])
    assert check()[0] == "20 messages, 40 rows: no drift"
    assert {counts(message) for message in messages} == {(2, 2, 2, 0)}


@pytest.mark.parametrize("gone", ["left", "switched off"])
@pytest.mark.parametrize("reads", [None, "privately", "openly, unread again"])
def test_rows_left_open_by_who_is_gone_are_found_and_withdrawn(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, gone: str, reads: str | None
) -> None:
    """Rule 2: data that was changed by hand; a second run finds nothing.

    What is unread again waits for an account that is switched off.
    """
    message = say(alice, group)
    if reads:
        api(bob).post(f"/messages/{message.pk}/read/", {"private": reads == "privately"})
    if reads == "openly, unread again":
        path = f"/conversations/{group.pk}/mark-unread/"
        api(bob).post(path, {"from_message": message.pk})
    left_at = timezone.now()
    if gone == "left":
        group.participants.filter(user=bob).update(is_active=False, left_at=left_at)
    else:
        User.objects.filter(pk=bob.pk).update(is_active=False)
        if reads == "openly, unread again":
            assert "no drift" in check()[0]
            return
    said, last_words = check_fails()
    row = MessageStatus.objects.get(message=message, recipient=bob)
    assert said[0] == f"row {row.pk}: bob is gone, and message {message.pk} is left open"
    assert "--fix" in last_words
    assert "open rows of recipients who are gone 1 (1 withdrawn)" in "".join(check(fix=True))
    row.refresh_from_db()
    openly = reads == "openly, unread again"
    assert (row.withdrawn_at is None, row.seen_at is None) == (openly, reads is None)
    if gone == "left" and not openly:
        assert row.withdrawn_at == left_at
    assert counts(message)[0] == 1 + openly
    assert "no drift" in check()[0]
