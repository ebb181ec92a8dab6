"""``check_receipts`` finds every kind of stray row, of all conversations and of one alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.commands import run, run_fails
from tests.support.database import misplace

pytestmark = pytest.mark.django_db

#: An id that nothing has.
NOTHING = 10**6


@pytest.fixture
def row(group: Conversation, alice: User) -> MessageStatus:
    """Bob's row of the second of three messages in the group."""
    messages = [say(alice, group) for _ in range(3)]
    return MessageStatus.objects.get(message=messages[1], recipient__username="bob")


def change(row: MessageStatus, **columns: int) -> None:
    MessageStatus.objects.filter(pk=row.pk).update(**columns)


#: What is wrong with a row → how it came to be, and what is said of it.
KINDS: dict[str, tuple[Callable[[MessageStatus], object], str]] = {
    "message": (
        lambda row: change(row, message=NOTHING),
        "its message {nothing} does not exist",
    ),
    "recipient": (
        lambda row: change(row, recipient=NOTHING),
        "its recipient {nothing} does not exist",
    ),
    "archived": (
        lambda row: Message.objects.filter(pk=row.message_id).update(archived_at=timezone.now()),
        "its message {message} is archived",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("read", [False, True])
def test_a_row_of_its_conversation_is_told_once(
    row: MessageStatus, direct: Conversation, kind: str, alone: bool, read: bool
) -> None:
    """Whatever its state, and not where another conversation is looked at."""
    if read:  # found by none of the partial indexes
        at = timezone.now()
        MessageStatus.objects.filter(pk=row.pk).update(delivered_at=at, seen_at=at, read_at=at)
        Message.objects.filter(pk=row.message_id).update(delivered_count=1, read_count=1)
    MessageStatus.objects.filter(message=row.message_id).exclude(pk=row.pk).delete()
    Message.objects.filter(pk=row.message_id).update(recipient_count=1)
    spoil, reason = KINDS[kind]
    spoil(row)
    only = [f"--conversation={row.conversation_id}"] if alone else []
    said, _ = run_fails("check_receipts", *only, code=1)
    told = reason.format(nothing=NOTHING, message=row.message_id)
    assert said.count(f"row {row.pk}: {told}") == 1
    assert [line for line in said if line.startswith("row ")] == [f"row {row.pk}: {told}"]
    assert "stray rows 1" in " ".join(said)
    assert "no drift" in run("check_receipts", f"--conversation={direct.pk}")[0]


@pytest.mark.parametrize("looked_at", ["all", "the row's", "the message's"])
def test_a_row_of_another_conversation_is_told_once_in_both(
    row: MessageStatus, direct: Conversation, looked_at: str
) -> None:
    misplace(MessageStatus.objects.filter(pk=row.pk), direct.pk)
    told = f"its conversation is {direct.pk}, its message's is {row.conversation_id}"
    chosen = {"the row's": direct.pk, "the message's": row.conversation_id}
    only = [f"--conversation={chosen[looked_at]}"] if looked_at in chosen else []
    said, _ = run_fails("check_receipts", *only, code=1)
    assert said.count(f"row {row.pk}: {told}") == 1
    assert "stray rows 1" in " ".join(said)


def test_strays_of_a_third_conversation_are_none_of_one(
    row: MessageStatus, direct: Conversation, alice: User, dave: User
) -> None:
    """Neither the row's nor the message's is the one that is looked at."""
    other = Conversation.objects.create(kind="group")
    misplace(MessageStatus.objects.filter(pk=row.pk), direct.pk)
    assert run("check_receipts", f"--conversation={other.pk}")[0] == (
        "0 messages, 0 rows: no drift"
    )


def test_a_batch_finds_strays_between_its_messages(row: MessageStatus) -> None:
    """Also the rows of a message that is missing from the middle of a range."""
    Message.objects.filter(pk=row.message_id).delete()
    assert MessageStatus.objects.filter(pk=row.pk).exists() is False
    first, last = Message.objects.order_by("pk").values_list("pk", flat=True)
    lost = MessageStatus.objects.filter(message=first).latest("pk")
    change(lost, message=row.message_id)
    assert first < row.message_id < last
    said, _ = run_fails("check_receipts", "--batch-size=1", code=1)
    assert f"row {lost.pk}: its message {row.message_id} does not exist" in said
