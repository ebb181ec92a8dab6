"""What pages call people and conversations: once, by their names, in every place."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.models import Conversation, Message, User
from receipts import services
from tests.support.admin import Browser, appointed, listed, mark, plain
from tests.support.cast import say

LISTS = ("chat/message/", "chat/conversationparticipant/", "receipts/messagestatus/", "chat/user/")


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def ben(db: None) -> User:
    """He has no display name."""
    return services.create_user(username="ben")[0]


@pytest.fixture
def chat(alice: User, ben: User) -> Conversation:
    """A direct conversation that another system calls by its people's usernames."""
    return services.create_conversation(
        owner=alice, participants=[ben], kind="direct", external_id="demo:alice+ben"
    )


@pytest.fixture
def message(chat: Conversation, ben: User) -> Message:
    return say(ben, chat, "tea?")


def pages(message: Message, *people: User) -> list[str]:
    """All pages on which the people and the conversation of a message are named."""
    chat = message.conversation
    return [
        *LISTS,
        "chat/conversation/",
        f"chat/message/{message.pk}/change/",
        f"chat/message/{message.pk}/delete-softly/",
        f"chat/message/{message.pk}/history/",
        f"chat/conversation/{chat.pk}/change/",
        f"chat/conversation/{chat.pk}/history/",
        f"insights/?conversation={chat.pk}",
        *(f"chat/user/{user.pk}/change/" for user in people),
        *(f"chat/conversationparticipant/{each.pk}/change/" for each in chat.participants.all()),
        *(f"receipts/messagestatus/{each.pk}/change/" for each in message.statuses.all()),
    ]


def test_a_person_without_a_name_is_called_by_their_username_once(
    mia: Browser, message: Message, alice: User, ben: User
) -> None:
    services.delete_message(message_id=message.pk)
    for path in pages(message, alice, ben):
        assert ">ben</span>" not in mia.get(path), path
    page = plain(mia.get(f"chat/message/{message.pk}/change/"))
    assert "ben in Alice & ben" in page


def test_one_with_a_name_is_called_by_both(mia: Browser, chat: Conversation, alice: User) -> None:
    """Names are not unique, and filters take usernames."""
    say(alice, chat, "tea!")
    assert "Alice alice" in plain(mia.get("chat/message/"))


def test_a_direct_conversation_is_called_by_its_people(
    mia: Browser, message: Message, alice: User, ben: User
) -> None:
    """As in a chat, in lists, titles and breadcrumbs; its external id is a fact about it."""
    chat = message.conversation
    assert listed(mia.get("chat/conversation/")) == ["Alice & ben"]
    page = mia.get(f"chat/conversation/{chat.pk}/change/")
    assert "<h1>Alice & ben</h1>" in page
    assert "<dd>demo:alice+ben</dd>" in page
    for path in pages(message, alice, ben):
        assert "demo:alice+ben" not in plain(mia.get(path)).replace(
            "External id demo:alice+ben", ""
        ).replace("Direct demo:alice+ben", ""), path


def test_it_keeps_its_people_when_one_has_left_and_its_title_where_it_has_one(
    mia: Browser, chat: Conversation, ben: User
) -> None:
    services.remove_participant(conversation_id=chat.pk, user=ben)
    assert listed(mia.get("chat/conversation/")) == ["Alice & ben"]
    Conversation.objects.filter(pk=chat.pk).update(title="Tea")
    assert listed(mia.get("chat/conversation/")) == ["Tea"]


def test_it_is_found_by_its_people(mia: Browser, chat: Conversation, group: Conversation) -> None:
    """A group is not: it is called by its title."""
    assert listed(mia.get("chat/conversation/?q=ALIC")) == ["Alice & ben"]
    assert listed(mia.get("chat/conversation/?q=carol")) == []


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("path", ["message", "conversation", "conversationparticipant"])
def test_naming_them_is_one_statement_more_for_all(
    mia: Browser, alice: User, path: str, count: int, statements: Any
) -> None:
    for number in range(count):
        guest = User.objects.create_user(f"guest{number}")
        chat = services.create_conversation(owner=alice, participants=[guest], kind="direct")
        say(alice, chat)
    with statements() as counted:
        mia.get(f"chat/{path}/")
    assert len(counted) == 6, counted.sql


def test_the_log_keeps_nobodys_name(message: Message) -> None:
    """It outlasts people, who may be forgotten."""
    root = Browser(User.objects.create_superuser("root"))
    path = f"chat/conversation/{message.conversation_id}/change/"
    fields = {"receipt_policy": "off", "receipts_visible_to": "sender", "title": ""}
    root.post(path, {**fields, "thread_recipients": "participants"})
    assert LogEntry.objects.get().object_repr == f"Direct {message.conversation_id}"


def test_a_receipt_is_named_in_words(mia: Browser, message: Message) -> None:
    """Whose it is, and of what; nothing of its table's name."""
    mark(message, "alice", read=True)
    page = plain(mia.get(f"receipts/messagestatus/{message.statuses.get().pk}/change/"))
    name = f"Receipt of Alice for message {message.pk}"
    assert name in page
    assert "ben in Alice & ben" in page
    assert "tea?" in page
    for number in ("status", "for user", "Save"):
        assert number not in page


def test_times_are_in_utc_and_say_so_until_a_script_knows_the_zone(
    mia: Browser, message: Message
) -> None:
    """With an exact time for it, in lists and on pages."""
    at = message.created_at
    written = f'<time datetime="{at.isoformat()}" title="{at:%Y-%m-%d %H:%M:%S} UTC">'
    for path in ("chat/message/", f"chat/message/{message.pk}/change/"):
        page = mia.get(path)
        assert written in page
        assert "Times are UTC." in page
        assert 'receipts/times.js" defer' in page
    assert "From (UTC)" in mia.get("chat/message/")
