"""Editing: the text changes, receipts stand, and say whose read was of an earlier text."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus, ReceiptEvent
from tests.support.cast import say


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?", sent_at=timezone.now() - timedelta(hours=1))


def edit(
    api: Any, who: User | str, message: Message, body: str = "cake?", status: int = 200
) -> Any:
    return api(who).patch(f"/messages/{message.pk}/", {"body": body}, status)


def read(api: Any, who: User, message: Message, **fields: Any) -> Any:
    return api(who).post(f"/messages/{message.pk}/read/", fields)


def summary(api: Any, alice: User, message: Message) -> tuple[int, int]:
    """How many have read it, and how many of them its present text."""
    told = api(alice).get(f"/messages/{message.pk}/status/")
    return told["read_count"], told["read_since_edit_count"]


def before_edit(api: Any, alice: User, message: Message) -> dict[str, bool | None]:
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    return {row["user"]: row["read_before_edit"] for row in rows}


def test_the_sender_changes_the_text(api: Any, message: Message, alice: User, bob: User) -> None:
    """Rule 23: the answer is the message; everybody sees the new text, and when it changed."""
    assert api(bob).get(f"/messages/{message.pk}/")["edited_at"] is None
    begun = timezone.now()
    edited = edit(api, alice, message)
    assert edited["body"] == "cake?"
    assert begun <= datetime.fromisoformat(edited["edited_at"]) <= timezone.now()
    assert edited == api(alice).get(f"/messages/{message.pk}/")
    seen = api(bob).get(f"/conversations/{message.conversation_id}/messages/")["results"][0]
    assert (seen["body"], seen["edited_at"]) == ("cake?", edited["edited_at"])
    assert seen["created_at"] == edited["created_at"]


def test_the_same_text_again_changes_nothing(api: Any, message: Message, alice: User) -> None:
    """Neither does it on a message that was never edited; no event is written."""
    assert edit(api, alice, message, "tea?")["edited_at"] is None
    first = edit(api, alice, message)
    events = ReceiptEvent.objects.count()
    assert edit(api, alice, message) == first
    assert ReceiptEvent.objects.count() == events


def test_a_service_account_edits_for_anybody(api: Any, message: Message, service_key: str) -> None:
    """As the application, so it names no user."""
    assert edit(api, service_key, message)["body"] == "cake?"
    body = {"body": "scones?", "user": "alice"}
    refused = api(service_key).patch(f"/messages/{message.pk}/", body, 400)
    assert list(refused) == ["user"]


def test_nobody_edits_the_words_of_others(
    api: Any, message: Message, bob: User, dave: User, moderator: User
) -> None:
    """Not a moderator either, who may only delete; who cannot see it learns nothing."""
    for who, status in ((bob, 403), (moderator, 403), (dave, 404)):
        edit(api, who, message, status=status)
        edit(api, who, message, "", status)
    message.refresh_from_db()
    assert (message.body, message.edited_at) == ("tea?", None)


def test_who_may_not_write_may_not_edit(
    api: Any, message: Message, alice: User, bob: User, group: Conversation
) -> None:
    """A muted sender is refused; one who left cannot see the message."""
    mine = say(bob, group)
    path = f"/conversations/{group.pk}/participants/bob/"
    api(alice).patch(path, {"muted": True})
    assert edit(api, bob, mine, status=403)["code"] == "muted"
    api(alice).patch(path, {"muted": False})
    edit(api, bob, mine)
    api(bob).delete(path)
    edit(api, bob, mine, "again", 404)


def test_a_moderator_who_takes_no_part_any_more_may_not_edit_their_own(
    api: Any, group: Conversation, moderator: User
) -> None:
    """They see every message, and write nowhere but where they take part."""
    services.add_participant(conversation_id=group.pk, user=moderator)
    mine = say(moderator, group)
    services.remove_participant(conversation_id=group.pk, user=moderator)
    assert edit(api, moderator, mine, status=403)["code"] == "not_participant"


def test_a_deleted_message_is_not_edited(
    api: Any, message: Message, alice: User, service_key: str
) -> None:
    """The error names the field; restored, it may be edited."""
    api(alice).delete(f"/messages/{message.pk}/")
    for who in (alice, service_key):
        assert list(edit(api, who, message, status=400)) == ["body"]
    message.refresh_from_db()
    assert (message.body, message.edited_at) == ("tea?", None)
    api(service_key).post(f"/messages/{message.pk}/restore/")
    edit(api, alice, message)


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "x", "sender": "alice"}])
def test_an_edit_needs_a_text_and_nothing_else(
    api: Any, message: Message, alice: User, body: dict[str, str]
) -> None:
    api(alice).patch(f"/messages/{message.pk}/", body, 400)


def test_an_edit_has_the_length_of_a_message(
    api: Any, message: Message, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAX_BODY_CHARACTERS", 5)
    edit(api, alice, message, "xxxxx")
    assert list(edit(api, alice, message, "xxxxxx", 400)) == ["body"]


def test_sending_it_again_after_an_edit_is_still_the_same_message(
    api: Any, group: Conversation, alice: User
) -> None:
    """A device that got no answer repeats the text that it sent."""
    path, body = f"/conversations/{group.pk}/messages/", {"body": "tea?", "client_id": "c1"}
    sent = api(alice).post(path, body, status=201)
    edited = api(alice).patch(f"/messages/{sent['id']}/", {"body": "cake?"})
    assert api(alice).post(path, body) == edited


def test_receipts_stand_and_say_whose_read_was_before_the_edit(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    read(api, bob, message)
    assert before_edit(api, alice, message) == {"bob": False, "carol": None}
    assert summary(api, alice, message) == (1, 1)
    edit(api, alice, message)
    assert before_edit(api, alice, message) == {"bob": True, "carol": None}
    assert summary(api, alice, message) == (1, 0)
    read(api, carol, message)
    assert before_edit(api, alice, message) == {"bob": True, "carol": False}
    assert summary(api, alice, message) == (2, 1)
    edit(api, alice, message, "scones?")
    assert before_edit(api, alice, message) == {"bob": True, "carol": True}
    assert summary(api, alice, message) == (2, 0)
    told = api(alice).get(f"/messages/{message.pk}/status/")
    assert (told["overall_status"], told["summary_text"]) == ("read", "Read by all")


def test_reading_it_again_after_the_edit_is_no_second_receipt(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rule 6: the earliest read counts, so a reader of the old text stays one."""
    read(api, bob, message)
    edit(api, alice, message)
    read(api, bob, message)
    api(bob).post(
        f"/conversations/{message.conversation_id}/mark-unread/", {"from_message": message.pk}
    )
    read(api, bob, message)
    assert summary(api, alice, message) == (1, 0)


def test_a_read_that_was_made_before_the_edit_and_told_after_it_is_of_the_old_text(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Rule 6: a device that was offline; a later mark with an earlier time moves a read back."""
    at = (message.created_at + timedelta(minutes=1)).isoformat()
    edit(api, alice, message)
    read(api, bob, message, at=at)
    read(api, carol, message)
    assert summary(api, alice, message) == (2, 1)
    read(api, carol, message, at=at)
    assert before_edit(api, alice, message) == {"bob": True, "carol": True}
    assert summary(api, alice, message) == (2, 0)


def test_every_kind_of_mark_counts_as_a_read_of_the_present_text(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """In bulk, and by sending (rule 9)."""
    edit(api, alice, message)
    api(bob).post(f"/conversations/{message.conversation_id}/mark-read/")
    say(carol, message.conversation)
    assert summary(api, alice, message) == (2, 2)


@pytest.mark.parametrize("edited_first", [True, False])
def test_a_retracted_read_counts_no_more(
    api: Any, message: Message, alice: User, bob: User, edited_first: bool
) -> None:
    """Rule 13: of whichever text it was."""
    if edited_first:
        edit(api, alice, message)
    read(api, bob, message)
    edit(api, alice, message, "cake?")
    api(bob).post("/me/retract-receipts/")
    assert summary(api, alice, message) == (0, 0)
    assert before_edit(api, alice, message) == {"bob": None, "carol": None}


def test_a_private_read_is_no_read_of_any_text(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Rule 13: before the edit and after it."""
    read(api, bob, message, private=True)
    edit(api, alice, message)
    read(api, carol, message, private=True)
    assert summary(api, alice, message) == (0, 0)
    assert before_edit(api, alice, message) == {"bob": None, "carol": None}


def test_from_whom_reads_are_hidden_those_of_the_present_text_are_too(
    api: Any, message: Message, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 14."""
    monkeypatch.setattr(settings, "RECEIPTS_RECIPROCAL", True)
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    edit(api, alice, message)
    read(api, bob, message)
    assert summary(api, alice, message) == (0, 0)
    assert before_edit(api, alice, message) == {"bob": None, "carol": None}


def test_a_read_by_a_clock_that_runs_ahead_is_not_of_words_that_came_later(
    api: Any,
    message: Message,
    alice: User,
    bob: User,
    carol: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The edit is later than every read that was disclosed by then, and than the last edit."""
    bobs, carols, path = api(bob), api(carol), f"/messages/{message.pk}/read/"
    ahead = timezone.now() + timedelta(seconds=30)
    with monkeypatch.context() as server:
        server.setattr("django.utils.timezone.now", lambda: ahead)
        bobs.post(path)
    first = datetime.fromisoformat(edit(api, alice, message)["edited_at"])
    assert first == ahead + timedelta(microseconds=1)
    assert summary(api, alice, message) == (1, 0)
    second = datetime.fromisoformat(edit(api, alice, message, "scones?")["edited_at"])
    assert second > first
    with monkeypatch.context() as server:
        server.setattr("django.utils.timezone.now", lambda: second)
        carols.post(path)
    assert before_edit(api, alice, message) == {"bob": True, "carol": False}
    assert summary(api, alice, message) == (2, 1)


def test_an_archived_message_keeps_its_number_until_it_is_edited(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Its readers are not known any more: then none of them has read the present text."""
    read(api, bob, message)
    edit(api, alice, message)
    read(api, carol, message)
    MessageStatus.objects.all().delete()
    Message.objects.update(archived_at=timezone.now())
    assert summary(api, alice, message) == (2, 1)
    edit(api, alice, message, "scones?")
    assert summary(api, alice, message) == (2, 0)


@pytest.mark.parametrize("recipients", [1, 30])
def test_an_edit_takes_a_constant_number_of_statements(
    api: Any, group: Conversation, message: Message, alice: User, statements: Any, recipients: int
) -> None:
    """The caller, the message before and after, its sender, the two locks, the latest read, the
    change and the event.
    """
    for number in range(recipients):
        user = User.objects.create_user(f"user{number}")
        services.add_participant(conversation_id=group.pk, user=user)
    own, call = say(alice, group), api(alice)
    with statements() as counted:
        call.patch(f"/messages/{own.pk}/", {"body": "cake?"})
    assert len(counted) == 9
