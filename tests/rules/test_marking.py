"""Marks: set once, in any order, one by one or up to a message."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services.marking import RecipientKey
from tests.support.cast import say


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def row_of(message: Message, user: User) -> MessageStatus:
    return MessageStatus.objects.get(message=message, recipient=user)


def test_a_group_message_goes_from_sent_to_read(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 19: the counts change with the rows, and the status with the counts."""
    sent = api(alice).post(f"/conversations/{group.pk}/messages/", {"body": "tea?"}, status=201)
    path = f"/messages/{sent['id']}"
    seen = [sent["receipts"]["overall_status"]]
    for who, mark in ((bob, "delivered"), (carol, "delivered"), (bob, "read"), (carol, "read")):
        api(who).post(f"{path}/{mark}/")
        seen.append(api(alice).get(f"{path}/status/")["overall_status"])
    assert seen == ["sent", "partial", "delivered", "delivered", "read"]


def test_a_repeat_changes_nothing_and_answers_the_same(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 5: times are set once."""
    message = say(alice, group)
    first = api(bob).post(f"/messages/{message.pk}/read/")
    again = api(bob).post(f"/messages/{message.pk}/read/")
    assert again == first
    message.refresh_from_db()
    assert (message.delivered_count, message.read_count) == (1, 1)


def test_read_implies_delivered(api: Any, group: Conversation, alice: User, bob: User) -> None:
    """Rule 5."""
    message = say(alice, group)
    row = api(bob).post(f"/messages/{message.pk}/read/")
    assert row["delivered_at"] == row["read_at"] is not None


def test_a_delivery_after_the_read_changes_nothing(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 5."""
    message = say(alice, group)
    read = api(bob).post(f"/messages/{message.pk}/read/")
    assert api(bob).post(f"/messages/{message.pk}/delivered/") == read


@pytest.mark.parametrize(
    "times",
    [
        {"delivered_at": -1},
        {"delivered_at": 2, "read_at": 1},
        {"read_at": 1},
        {"delivered_at": 1, "read_at": 2, "withdrawn_at": 3},
    ],
)
def test_the_database_refuses_times_out_of_order(
    group: Conversation, alice: User, bob: User, times: dict[str, int]
) -> None:
    """Rules 2 and 5: sent <= delivered <= read, and no disclosed read is ever withdrawn."""
    message = say(alice, group)
    values = {
        name: message.created_at + timedelta(seconds=second) for name, second in times.items()
    }
    row = MessageStatus.objects.filter(message=message, recipient=bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.update(**values)


def test_a_device_that_was_offline_says_when(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 6: the time given with the mark counts."""
    message = say(alice, group, sent_at=ago(60))
    at = ago(30)
    row = api(bob).post(f"/messages/{message.pk}/read/", {"at": at.isoformat()})
    assert datetime.fromisoformat(row["read_at"]) == at


def test_a_time_before_the_message_is_held_to_it(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 6."""
    message = say(alice, group)
    row = api(bob).post(f"/messages/{message.pk}/read/", {"at": ago(60).isoformat()})
    assert datetime.fromisoformat(row["read_at"]) == message.created_at


def test_a_time_in_the_future_is_held_to_now(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 6."""
    message = say(alice, group)
    row = api(bob).post(f"/messages/{message.pk}/read/", {"at": ago(-60).isoformat()})
    assert datetime.fromisoformat(row["read_at"]) <= timezone.now()


@pytest.mark.parametrize(
    "order", list(permutations([("delivered", 40), ("read", 30), ("read", 20)]))
)
def test_marks_in_any_order_have_one_result(
    api: Any, group: Conversation, alice: User, bob: User, order: list[tuple[str, int]]
) -> None:
    """Rule 6: of several times the earliest wins."""
    message = say(alice, group, sent_at=ago(60))
    now = timezone.now()
    for state, minutes in order:
        at = now - timedelta(minutes=minutes)
        api(bob).post(f"/messages/{message.pk}/{state}/", {"at": at.isoformat()})
    row = row_of(message, bob)
    assert row.delivered_at == now - timedelta(minutes=40)
    assert row.read_at == now - timedelta(minutes=30)


def test_an_earlier_read_takes_the_delivery_with_it(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 5 and 6: an offline read from before the recorded delivery."""
    message = say(alice, group, sent_at=ago(60))
    api(bob).post(f"/messages/{message.pk}/delivered/", {"at": ago(10).isoformat()})
    at = ago(20)
    row = api(bob).post(f"/messages/{message.pk}/read/", {"at": at.isoformat()})
    assert row["delivered_at"] == row["read_at"]
    assert datetime.fromisoformat(row["read_at"]) == at


def test_a_bulk_mark_covers_everything_up_to_a_message(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 7: up to and including it; the unread count is what remains."""
    messages = [say(alice, group) for _ in range(5)]
    answer = api(bob).post(
        f"/conversations/{group.pk}/mark-read/", {"up_to_message": messages[2].pk}
    )
    assert (answer["marked"], answer["unread_count"]) == (3, 2)
    read = Message.objects.filter(read_count=1).order_by("pk")
    assert list(read.values_list("pk", flat=True)) == [message.pk for message in messages[:3]]


def test_without_a_message_a_bulk_mark_means_the_newest(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 7."""
    messages = [say(alice, group) for _ in range(3)]
    answer = api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert (answer["up_to_message"], answer["marked"]) == (messages[-1].pk, 3)
    assert answer["user"] == "bob"


def test_a_bulk_mark_of_an_empty_conversation_marks_nothing(
    api: Any, group: Conversation, bob: User
) -> None:
    answer = api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert (answer["up_to_message"], answer["marked"], answer["unread_count"]) == (None, 0, 0)


def test_a_bulk_delivery_marks_no_read(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 7."""
    message = say(alice, group)
    answer = api(bob).post(f"/conversations/{group.pk}/mark-delivered/")
    assert (answer["marked"], answer["unread_count"]) == (1, 1)
    message.refresh_from_db()
    assert (message.delivered_count, message.read_count) == (1, 0)


def test_a_bulk_mark_passes_over_what_is_not_ones_own(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 4: own messages, other users' rows, other conversations."""
    say(alice, group)
    own = say(bob, group, mark_read=False)
    answer = api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert (answer["up_to_message"], answer["marked"]) == (own.pk, 1)
    assert api(carol).get("/me/")["unread_count"] == 2


def test_a_repeated_bulk_mark_marks_nothing(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 5 and 7: each row is reported once."""
    say(alice, group)
    assert api(bob).post(f"/conversations/{group.pk}/mark-read/")["marked"] == 1
    assert api(bob).post(f"/conversations/{group.pk}/mark-read/")["marked"] == 0


def test_an_offline_bulk_mark_lowers_later_times(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 6 and 7: the earliest time wins; only newly marked rows are reported."""
    message = say(alice, group, sent_at=ago(60))
    api(bob).post(f"/messages/{message.pk}/read/")
    at = ago(30)
    answer = api(bob).post(f"/conversations/{group.pk}/mark-read/", {"at": at.isoformat()})
    assert answer["marked"] == 0
    assert row_of(message, bob).read_at == at


def test_watermarks_only_move_forward(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 7."""
    earlier, later = say(alice, direct), say(alice, direct)
    for message in (later, earlier):
        api(bob).post(f"/conversations/{direct.pk}/mark-read/", {"up_to_message": message.pk})
    told = api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert (told["last_read_message"], told["last_delivered_message"]) == (later.pk, later.pk)


def test_a_single_mark_moves_no_watermark(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """A watermark means "everything up to here", which one message does not."""
    say(alice, direct)
    api(bob).post(f"/messages/{say(alice, direct).pk}/read/")
    assert ConversationParticipant.objects.get(user=bob).last_read_message_id is None


def test_sending_marks_what_stands_above(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 9: delivered and read for the sender, whose watermark moves too."""
    above = say(alice, group)
    own = say(bob, group)
    row = row_of(above, bob)
    assert row.delivered_at == row.read_at == own.created_at
    assert ConversationParticipant.objects.get(user=bob).last_read_message_id == own.pk


def test_sending_without_reading_marks_a_delivery_only(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 9: ``"mark_read": false``."""
    above = say(alice, group)
    api(bob).post(
        f"/conversations/{group.pk}/messages/", {"body": "auto", "mark_read": False}, status=201
    )
    row = row_of(above, bob)
    assert (row.delivered_at is not None, row.read_at) == (True, None)
    assert api(bob).get("/me/")["unread_count"] == 1


def test_a_private_read_looks_delivered_to_the_sender(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: in counts, lists and watermarks; the reader's own unread count falls."""
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    message = say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    assert api(bob).get("/me/")["unread_count"] == 0
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "delivered"
    [row] = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert (row["state"], row["read_at"]) == ("delivered", None)
    watermarks = api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert watermarks["last_delivered_message"] == message.pk
    assert watermarks["last_read_message"] is None


def test_a_deleted_message_is_out_of_unread_counts_and_marks(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 21: a mark on it changes nothing and returns the present row."""
    message = say(alice, group)
    api(alice).delete(f"/messages/{message.pk}/")
    assert api(bob).get("/me/")["unread_count"] == 0
    assert api(bob).post(f"/conversations/{group.pk}/mark-read/")["marked"] == 0
    assert api(bob).post(f"/messages/{message.pk}/read/")["state"] == "pending"


def test_a_restored_message_is_unread_again(
    api: Any, group: Conversation, alice: User, bob: User, moderator: User
) -> None:
    """Rule 21."""
    message = say(alice, group)
    api(alice).delete(f"/messages/{message.pk}/")
    api(moderator).post(f"/messages/{message.pk}/restore/")
    assert api(bob).get("/me/")["unread_count"] == 1


def test_a_failure_is_over_once_it_is_delivered(
    group: Conversation, alice: User, bob: User
) -> None:
    """Rule 11: the failed count decreases with the delivery."""
    message = say(alice, group)
    row = MessageStatus.objects.filter(message=message, recipient=bob)
    row.update(failed_at=message.created_at)
    Message.objects.filter(pk=message.pk).update(failed_count=1)
    services.mark_delivered(
        row=RecipientKey(message_id=message.pk, recipient_id=bob.pk, conversation_id=group.pk)
    )
    message.refresh_from_db()
    assert (message.failed_count, message.delivered_count) == (0, 1)
