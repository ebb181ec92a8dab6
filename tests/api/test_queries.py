"""How many SQL statements a request takes: a constant, whatever the number of rows."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from tests.support.cast import ON_POSTGRES, SINGLE_MARK, STAMP, say

pytestmark = pytest.mark.one_server


@pytest.mark.parametrize("messages", [1, 30])
def test_bulk_mark(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, messages: int
) -> None:
    """Rule 7, goal <= 6: the position, the lock, the watermark, the stamp, the unread count."""
    for _ in range(messages):
        say(alice, group)
    call = api(bob)
    with statements() as counted:
        assert call.post(f"/conversations/{group.pk}/mark-read/")["marked"] == messages
    assert len(counted) == 4 + STAMP


def test_bulk_mark_delivered(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """The same without the lock: no private read holds up a watermark of deliveries."""
    say(alice, group)
    call = api(bob)
    with statements() as counted:
        assert call.post(f"/conversations/{group.pk}/mark-delivered/")["marked"] == 1
    assert len(counted) == 3 + STAMP


@pytest.mark.parametrize("was_read", [False, True])
def test_private_bulk_mark(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, was_read: bool
) -> None:
    """Goal <= 6: a read watermark that is there is looked at once more, since it may fall."""
    say(alice, group)
    call, path = api(bob), f"/conversations/{group.pk}/mark-read/"
    if was_read:
        call.post(path)
        say(alice, group)
    with statements() as counted:
        assert call.post(path, {"private": True})["marked"] == 1
    assert len(counted) == 4 + STAMP + was_read


def test_private_single_mark(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """The row, the lock, the stamp."""
    message = say(alice, group)
    call = api(bob)
    with statements() as counted:
        call.post(f"/messages/{message.pk}/read/", {"private": True})
    assert len(counted) == 2 + STAMP


def test_bulk_mark_of_an_offline_device(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """Rules 6 and 7: one more stamp, for the times that become earlier."""
    message = say(alice, group)
    call, at = api(bob), message.created_at.isoformat()
    with statements() as counted:
        call.post(f"/conversations/{group.pk}/mark-read/", {"at": at})
    assert len(counted) == 4 + 2 * STAMP


@pytest.mark.parametrize("earlier", [1, 40])
def test_private_bulk_mark_of_an_offline_device(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, earlier: int
) -> None:
    """Rules 6 and 13: two transactions, each with its lock, its stamp and what it takes back.

    More than the goal of 6, and constant: it makes open reads private after the fact.
    """
    messages = [say(alice, group) for _ in range(earlier)]
    call, path = api(bob), f"/conversations/{group.pk}/mark-read/"
    call.post(path)
    newest = say(alice, group).pk
    mark = {"private": True, "at": messages[0].created_at.isoformat(), "up_to_message": newest}
    with statements() as counted:
        assert call.post(path, mark)["marked"] == 1
    assert len(counted) == 10 + 2 * STAMP


def test_single_mark(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """One statement finds the row, marks it and answers; the token costs no query."""
    message = say(alice, group)
    call = api(bob)
    with statements() as counted:
        call.post(f"/messages/{message.pk}/read/")
    assert len(counted) == SINGLE_MARK


@pytest.mark.parametrize("recipients", [1, 40])
def test_send(api: Any, group: Conversation, alice: User, statements: Any, recipients: int) -> None:
    """Rule 1: a constant, whatever the number of recipients.

    On PostgreSQL one statement stores the message, its rows, its event and a watermark.
    """
    from receipts import services

    for number in range(recipients):
        user = User.objects.create_user(f"user{number}")
        services.add_participant(conversation_id=group.pk, user=user)
    call = api(alice)
    with statements() as counted:
        call.post(f"/conversations/{group.pk}/messages/", {"body": "hi"}, status=201)
    assert len(counted) == (6 if ON_POSTGRES else 9)


def test_message_page_with_receipts(
    api: Any, group: Conversation, alice: User, statements: Any
) -> None:
    """Goal <= 5: the caller, the conversation, the page."""
    for _ in range(50):
        say(alice, group)
    call = api(alice)
    with statements() as counted:
        page = call.get(f"/conversations/{group.pk}/messages/?limit=50")
    assert [message["receipts"]["overall_status"] for message in page["results"]] == ["sent"] * 50
    assert len(counted) == 3


def test_recipient_page(api: Any, group: Conversation, alice: User, statements: Any) -> None:
    """Goal <= 4: the caller, the message, the page."""
    message = say(alice, group)
    call = api(alice)
    with statements() as counted:
        assert len(call.get(f"/messages/{message.pk}/recipients/")["results"]) == 2
    assert len(counted) == 3


@pytest.mark.parametrize("conversations", [1, 20])
def test_conversation_list(
    api: Any, alice: User, bob: User, statements: Any, conversations: int
) -> None:
    """The caller, the page, the unread counts, the newest messages."""
    from receipts import services

    for _ in range(conversations):
        say(bob, services.create_conversation(owner=alice, participants=[bob], kind="group"))
    call = api(alice)
    with statements() as counted:
        page = call.get("/conversations/")
    assert [each["unread_count"] for each in page["results"]] == [1] * conversations
    assert len(counted) == 4


@pytest.mark.parametrize("messages", [1, 50])
def test_many_summaries(
    api: Any, group: Conversation, alice: User, statements: Any, messages: int
) -> None:
    """The caller, and all the messages at once."""
    ids = ",".join(str(say(alice, group).pk) for _ in range(messages))
    call = api(alice)
    with statements() as counted:
        assert len(call.get(f"/receipts/?messages={ids}")["results"]) == messages
    assert len(counted) == 2


@pytest.mark.parametrize("messages", [1, 30])
def test_leaving(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, messages: int
) -> None:
    """Rule 2: a constant, whatever the number of messages left unread.

    It looks for an heir and records what had been sent; leaving comes after all messages,
    though they may be ahead of the clock.
    """
    for _ in range(messages):
        say(alice, group)
    call = api(bob)
    with statements() as counted:
        call.delete(f"/conversations/{group.pk}/participants/bob/")
    assert len(counted) == 9 + STAMP
