"""Marks over all conversations, marking unread, failures, and retracting receipts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import say


@pytest.fixture
def chats(alice: User, bob: User) -> list[Conversation]:
    """Five conversations of two in which alice wrote three messages each to bob."""
    made = [
        services.create_conversation(
            owner=alice, participants=[bob], kind="group", receipts_visible_to="participants"
        )
        for _ in range(5)
    ]
    for _ in range(3):
        for each in made:
            say(alice, each)
    return made


def test_everything_is_read_at_once(api: Any, chats: list[Conversation], bob: User) -> None:
    """Rule 8."""
    answer = api(bob).post("/me/mark-read/")
    assert answer == {"marked": 15, "complete": True, "unread_count": 0}
    assert Message.objects.filter(overall_status="read").count() == 15


def test_everything_is_delivered_at_once(api: Any, chats: list[Conversation], bob: User) -> None:
    """Rule 8."""
    answer = api(bob).post("/me/mark-delivered/")
    assert answer == {"marked": 15, "complete": True, "unread_count": 15}
    assert Message.objects.filter(overall_status="delivered").count() == 15


@pytest.mark.parametrize("verb", ["mark-read", "mark-delivered", "retract-receipts"])
def test_out_of_time_it_says_so_and_repeating_finishes(
    api: Any, chats: list[Conversation], bob: User, settings: Any, verb: str
) -> None:
    """Rule 8: what is done stays done."""
    if verb == "retract-receipts":
        api(bob).post("/me/mark-read/")
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 2, 0
    answers = [api(bob).post(f"/me/{verb}/")]
    while not answers[-1]["complete"]:
        answers.append(api(bob).post(f"/me/{verb}/"))
        assert len(answers) < 30
    assert not answers[0]["complete"]
    assert sum(answer["marked"] for answer in answers) == 15


def test_a_batch_ends_within_a_conversation_and_goes_on_there(
    api: Any, chats: list[Conversation], alice: User, bob: User, settings: Any
) -> None:
    """Rules 7 and 8: nothing is skipped, and watermarks end at the newest message."""
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 4, 60_000
    assert api(bob).post("/me/mark-read/")["marked"] == 15
    for chat in chats:
        told = api(alice).get(f"/conversations/{chat.pk}/participants/bob/")
        newest = chat.messages.latest("pk").pk
        assert (told["last_read_message"], told["last_delivered_message"]) == (newest, newest)


def test_deleted_messages_hold_up_no_batch(
    api: Any, chats: list[Conversation], bob: User, settings: Any
) -> None:
    """Rule 21: they are not marked, and do not block those that are."""
    for message in chats[0].messages.all():
        services.delete_message(message_id=message.pk)
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 1, 60_000
    assert api(bob).post("/me/mark-read/") == {"marked": 12, "complete": True, "unread_count": 0}


def test_a_service_account_marks_all_of_somebody(
    api: Any, chats: list[Conversation], service_key: str
) -> None:
    """Rule 18."""
    assert list(api(service_key).post("/me/mark-read/", status=400)) == ["user"]
    assert api(service_key).post("/me/mark-read/", {"user": "bob"})["marked"] == 15


@pytest.mark.one_server
def test_marks_over_all_take_a_constant_number_of_statements_a_batch(
    api: Any, chats: list[Conversation], bob: User, statements: Any
) -> None:
    """Rule 8: independent of the number of conversations and messages in it."""
    call = api(bob)
    with statements() as counted:
        call.post("/me/mark-read/")
    assert len(counted) <= 11


def test_from_a_message_on_is_unread_again(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 10: from that message on, inclusive."""
    messages = [say(alice, direct) for _ in range(4)]
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    answer = api(bob).post(
        f"/conversations/{direct.pk}/mark-unread/", {"from_message": messages[2].pk}
    )
    assert (answer["marked"], answer["unread_count"]) == (2, 2)
    first = api(bob).get("/conversations/")["results"][0]["first_unread_message"]
    assert first == messages[2].pk


def test_receipts_stand_though_it_is_unread_again(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 10: nobody else is notified; a second read keeps the time of the first."""
    message = say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    path = f"/messages/{message.pk}/recipients/"
    before = api(alice).get(path), api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    api(bob).post(f"/conversations/{direct.pk}/mark-unread/", {"from_message": message.pk})
    after = api(alice).get(path), api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert after == before
    api(bob).post(f"/messages/{message.pk}/read/")
    assert api(alice).get(path) == before[0]


def test_who_leaves_leaves_nothing_unread(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 2 and 10: a disclosed read stays, and leaving removes the unread mark."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(bob).post(f"/conversations/{group.pk}/mark-unread/", {"from_message": message.pk})
    services.remove_participant(conversation_id=group.pk, user=bob)
    services.add_participant(conversation_id=group.pk, user=bob)
    assert api(bob).get("/me/")["unread_count"] == 0
    assert api(alice).get(f"/messages/{message.pk}/status/")["read_count"] == 1


def test_a_failure_shows_until_it_is_delivered(
    api: Any, direct: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rules 11 and 20."""
    message = say(alice, direct)
    body = {"user": "bob", "reason": "no such number"}
    failed = api(service_key).post(f"/messages/{message.pk}/failed/", body)
    assert (failed["state"], failed["failure_reason"]) == ("failed", "no such number")
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["summary_text"], summary["failed_count"]) == ("Not delivered", 1)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["summary_text"], summary["failed_count"]) == ("Delivered", 0)


@pytest.mark.parametrize("mark", ["delivered", "read"])
def test_a_failure_overwrites_no_delivery(
    api: Any, direct: Conversation, alice: User, bob: User, service_key: str, mark: str
) -> None:
    """Rule 11: in either order, the row is the same."""
    first, second = say(alice, direct), say(alice, direct, mark_read=False)
    body = {"user": "bob", "reason": "timeout"}
    api(bob).post(f"/messages/{first.pk}/{mark}/")
    api(service_key).post(f"/messages/{first.pk}/failed/", body)
    api(service_key).post(f"/messages/{second.pk}/failed/", body)
    api(bob).post(f"/messages/{second.pk}/{mark}/")
    for message in (first, second):
        row = MessageStatus.objects.get(message=message)
        assert (row.delivered_at is None, row.failed_at, row.failure_reason) == (False, None, None)


def test_only_service_accounts_report_failures(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 11."""
    message = say(alice, direct)
    body = {"user": "bob", "reason": "x"}
    api(bob).post(f"/messages/{message.pk}/failed/", body, status=403)


def test_retracted_receipts_are_deliveries_for_everybody_else(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: in counts, list and watermark; for the reader the messages stay read."""
    message = say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    assert api(bob).post("/me/retract-receipts/")["marked"] == 1
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["overall_status"], summary["read_count"]) == ("delivered", 0)
    watermarks = api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert (watermarks["last_read_message"], watermarks["last_read_at"]) == (None, None)
    assert api(bob).get("/me/")["unread_count"] == 0


def test_receipts_can_be_retracted_again_later(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """A complete retraction leaves no record of its progress."""
    for _ in range(2):
        message = say(alice, direct)
        api(bob).post(f"/messages/{message.pk}/read/")
        assert api(bob).post("/me/retract-receipts/")["marked"] == 1
    assert not ConversationParticipant.objects.exclude(retracted_up_to=None).exists()


def test_no_watermark_moves_past_what_was_read_privately(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: "everything up to here" would disclose it."""
    private = say(alice, direct)
    api(bob).post(f"/messages/{private.pk}/read/", {"private": True})
    later = say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    api(bob).post("/me/mark-read/")
    told = api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert (told["last_delivered_message"], told["last_read_message"]) == (later.pk, None)


def test_an_earlier_private_read_makes_the_read_private(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rules 6 and 13: the earliest read counts, with its privacy, in whatever order they arrive."""
    message = say(alice, direct, sent_at=timezone.now() - timedelta(hours=1))
    api(bob).post(f"/messages/{message.pk}/read/")
    earlier = (timezone.now() - timedelta(minutes=30)).isoformat()
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True, "at": earlier})
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "delivered"
