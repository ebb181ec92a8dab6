"""The feed under load: coalesced, limited, exact, in a constant number of statements."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.feed.telling import MARKS_NAMED
from receipts.models import ReceiptEvent
from tests.support.cast import ON_POSTGRES, say
from tests.support.following import Follow, kinds

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def crowd(group: Conversation) -> list[User]:
    people = User.objects.bulk_create(User(username=f"user{number}") for number in range(30))
    for person in people:
        services.add_participant(conversation_id=group.pk, user=person)
    return people


def test_a_bulk_mark_is_one_event_however_many_messages(
    api: Any, follow: Follow, group: Conversation, alice: User, bob: User
) -> None:
    """Of limited size: the newest summaries, and a note that more exist."""
    messages = [say(alice, group) for _ in range(50)]
    sender, reader = follow(alice), follow(bob)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    (event,) = sender()
    newest = [each.pk for each in reversed(messages)][:20]
    assert [each["message"] for each in event["receipts"]] == newest
    assert event["complete"] is False
    (mark,) = event["marks"]
    assert (mark["count"], mark["first_message"], mark["last_message"]) == (
        50, messages[0].pk, messages[-1].pk,
    )  # fmt: skip
    assert kinds(reader()) == ["conversation.read"]


def test_a_bulk_mark_writes_one_row_for_each_sender_and_one_for_the_reader(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    for _ in range(5):
        say(alice, group)
        say(carol, group, mark_read=False)
    before = ReceiptEvent.objects.count()
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert ReceiptEvent.objects.count() - before == 3


def test_many_readers_of_one_message_are_one_event_and_it_is_exact(
    api: Any, follow: Follow, group: Conversation, alice: User, crowd: list[User]
) -> None:
    message = say(alice, group)
    heard = follow(alice)
    for reader in crowd:
        api(reader).post(f"/messages/{message.pk}/read/")
    (event,) = heard()
    assert event["receipts"] == [api(alice).get(f"/messages/{message.pk}/status/")]
    assert len(event["marks"]) == MARKS_NAMED
    assert event["marks_left_out"] == len(crowd) - MARKS_NAMED


def test_many_conversations_at_once_are_one_event_each(
    api: Any, follow: Follow, alice: User, bob: User
) -> None:
    """Rule 8: marks over all of a user's conversations."""
    for _ in range(3):
        chat = services.create_conversation(owner=alice, participants=[bob], kind="group")
        say(alice, chat)
    heard = follow(alice)
    api(bob).post("/me/mark-read/")
    assert kinds(heard()) == ["receipt.updated"] * 3


def test_a_history_that_is_brought_in_is_told_to_nobody(tmp_path: Any, db: None) -> None:
    """What is imported happened elsewhere, long ago."""
    from django.core.management import call_command

    history = tmp_path / "history.ndjson"
    history.write_text(
        '{"type":"user","id":"ann"}\n{"type":"user","id":"ben"}\n'
        '{"type":"conversation","id":"tea"}\n'
        '{"type":"participant","conversation":"tea","user":"ann"}\n'
        '{"type":"participant","conversation":"tea","user":"ben"}\n'
        '{"type":"message","id":"1","conversation":"tea","sender":"ann","sent_at":1700000000}\n'
        '{"type":"receipt","message":"1","user":"ben","read_at":1700000100}\n'
    )
    call_command("import_history", str(history))
    assert not ReceiptEvent.objects.exists()


@pytest.mark.parametrize("events", [1, 25])
@pytest.mark.one_server
def test_a_page_takes_a_constant_number_of_statements(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, events: int
) -> None:
    """The caller, the age of the cursor, the events, and five look-ups."""
    call = api(alice)
    cursor = call.get("/events/")["cursor"]
    for _ in range(events):
        other = services.create_conversation(owner=alice, participants=[bob], kind="group")
        message = say(alice, other)
        api(bob).post(f"/messages/{message.pk}/read/")
        api(alice).post(f"/conversations/{say(bob, other).conversation_id}/mark-read/")
    with statements() as counted:
        page = call.get(f"/events/?after={cursor}&limit=200")
    assert len(page["results"]) >= events * 3
    assert len(counted) == 9
