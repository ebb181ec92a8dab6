"""Threads in the admin: a reply leads to its root, a root to its replies (rule 30)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from chat.names import MessageReference
from receipts import services
from tests.support.admin import Browser, appointed, listed, plain
from tests.support.cast import say
from tests.support.named import say_named


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def root(group: Conversation, alice: User) -> Message:
    return say_named("tea/1", alice, group, "who brings tea?")


@pytest.fixture
def reply(root: Message, bob: User) -> Message:
    return answer(bob, root)


def answer(sender: User, root: Message, body: str = "I do") -> Message:
    return say(sender, root.conversation, body, thread=MessageReference(number=root.pk))


def page_of(browser: Browser, message: Message) -> str:
    return browser.get(f"chat/message/{message.pk}/change/")


def test_a_reply_leads_to_its_root_and_thread(mia: Browser, root: Message, reply: Message) -> None:
    page = page_of(mia, reply)
    assert "A reply to Alice alice : “who brings tea?” · the thread" in plain(page)
    assert f'<a href="/admin/chat/message/{root.pk}/change/">“who brings tea?”</a>' in page
    assert f"/admin/chat/message/?thread={root.pk}" in page


def test_a_root_leads_to_its_replies(
    mia: Browser, root: Message, reply: Message, bob: User
) -> None:
    """Deleted ones are not counted."""
    link = f'<a href="/admin/chat/message/?thread={root.pk}">'
    assert f"{link}1 reply</a>" in page_of(mia, root)
    second = answer(bob, root)
    assert f"{link}2 replies</a>" in page_of(mia, root)
    for each in (reply, second):
        services.delete_message(message_id=each.pk)
    assert link not in page_of(mia, root)


def test_another_message_says_nothing_of_threads(
    mia: Browser, root: Message, reply: Message, alice: User
) -> None:
    assert "repl" not in plain(page_of(mia, say(alice, root.conversation, "biscuits?")))


def test_a_thread_is_listed(mia: Browser, root: Message, reply: Message, alice: User) -> None:
    """Named by its root, by its external id, or by one of the replies."""
    other = say(alice, root.conversation, "biscuits?")
    answer(alice, other, "with jam")
    for name in (root.pk, "tea/1", reply.pk):
        assert listed(mia.get(f"chat/message/?thread={name}")) == ["I do reply"]
    assert listed(mia.get(f"chat/message/?thread={root.pk}&sender=alice")) == []


@pytest.mark.parametrize("name", ["999999", "tea/2", "%00"])
def test_an_unknown_thread_is_named_and_lists_nothing(
    mia: Browser, reply: Message, name: str
) -> None:
    page = mia.get(f"chat/message/?thread={name}")
    assert "<p>Thread: " in page
    assert listed(page) == []


def test_a_thread_costs_a_page_one_statement(
    mia: Browser, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """And nothing where a conversation has none."""
    root = say(alice, group)
    page_of(mia, root)  # which looks up what the process keeps

    def cost(message: Message) -> int:
        with statements() as counted:
            page_of(mia, message)
        return len(counted)

    without = cost(root)
    reply = answer(bob, root)
    assert (cost(root), cost(reply)) == (without + 1, without + 1)


def test_who_receives_replies_is_shown_and_set(mia: Browser, root: Message) -> None:
    """By who may change a conversation, as its policy of receipts is."""
    path = f"chat/conversation/{root.conversation_id}/change/"
    assert "Replies go to All participants" in plain(mia.get(path))
    fields = {"title": "Tea", "receipt_policy": "everyone", "receipts_visible_to": "sender"}
    chosen = {**fields, "thread_recipients": "followers"}
    mia.post(path, chosen, status=403)
    Browser(User.objects.create_superuser("root")).post(path, chosen)
    assert "Replies go to Who follows the thread" in plain(mia.get(path))
    root.conversation.refresh_from_db()
    assert root.conversation.thread_recipients == "followers"
