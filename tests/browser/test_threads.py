"""Threads in the chat: outside and inside are read apart (rule 30)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LAPTOP, PHONE, Group, bubble, say, ticks

AsPerson = Callable[..., Page]


def send(api: Any, group: Group, who: str, body: str, **fields: Any) -> int:
    path = f"/conversations/{group.pk}/messages/"
    pk: int = api(who).post(path, {"body": body, **fields})["id"]
    return pk


def replies(page: Page, body: str) -> Any:
    """The link to the replies to the message with these words."""
    return bubble(page, body).locator(".replies")


def texts(page: Page) -> Any:
    return page.locator("#bubbles .bubble .text")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
def test_a_message_is_answered_in_a_thread(
    as_person: AsPerson, api: Any, group: Group, viewport: Any
) -> None:
    """Which shows the message and the replies; outside there is only a link to them."""
    root = send(api, group, "alice", "Who brings tea?")
    bob = as_person("bob", viewport=viewport)
    group.open(bob)
    bubble(bob, "Who brings tea?").hover()
    bubble(bob, "Who brings tea?").get_by_role("button", name="More").click()
    bob.get_by_role("button", name="Reply in a thread").click()
    expect(bob.get_by_role("heading", name="Thread", level=1)).to_be_visible()
    say(bob, "I do")
    expect(texts(bob)).to_have_text(["Who brings tea?", "I do"])
    expect(bob.locator("#bubbles .day")).to_have_text(["Today", "Replies"])
    bob.get_by_role("link", name="Back to the conversation", exact=True).click()
    expect(texts(bob)).to_have_text(["Who brings tea?"])
    expect(replies(bob, "Who brings tea?")).to_have_text("1 reply")
    assert api("bob").get(f"/messages/{root}/")["reply_count"] == 1


def test_an_open_conversation_does_not_read_its_threads(
    as_person: AsPerson, api: Any, group: Group
) -> None:
    """The badge stays; the thread is read where it is opened, and the sender's ticks say so."""
    root = send(api, group, "alice", "Who brings tea?")
    bob, alice = as_person("bob"), as_person("alice")
    group.open(bob)
    expect(group.badge(bob)).to_have_count(0)
    send(api, group, "alice", "I bring cups", thread=root)
    api("carol").post(f"/conversations/{group.pk}/mark-read/")
    expect(replies(bob, "Who brings tea?")).to_have_text("1 reply 1 new")
    expect(group.badge(bob)).to_have_text("1")
    group.open(alice)
    replies(alice, "Who brings tea?").click()
    expect(ticks(alice, "I bring cups")).to_have_attribute("data-ticks", "delivered")
    replies(bob, "Who brings tea?").click()
    expect(bubble(bob, "I bring cups")).to_be_visible()
    expect(group.badge(bob)).to_have_count(0)
    expect(ticks(alice, "I bring cups")).to_have_attribute("data-ticks", "read")


def test_an_open_thread_does_not_read_the_rest(as_person: AsPerson, api: Any, group: Group) -> None:
    root = send(api, group, "alice", "Who brings tea?")
    send(api, group, "carol", "I do", thread=root)
    bob = as_person("bob")
    group.open(bob)
    replies(bob, "Who brings tea?").click()
    expect(bubble(bob, "I do")).to_be_visible()
    expect(group.badge(bob)).to_have_count(0)
    send(api, group, "alice", "And biscuits?")
    expect(group.badge(bob)).to_have_text("1")
    send(api, group, "carol", "With milk", thread=root)
    expect(bubble(bob, "With milk")).to_be_visible()
    expect(group.badge(bob)).to_have_text("1")
    bob.get_by_role("link", name="Back to the conversation", exact=True).click()
    expect(bubble(bob, "And biscuits?")).to_be_visible()
    expect(bob.get_by_text("New messages", exact=True)).to_be_visible()
    expect(group.badge(bob)).to_have_count(0)


def test_unread_replies_to_an_old_message_are_found(
    as_person: AsPerson, api: Any, group: Group
) -> None:
    """Also where the message itself is not in view: a link leads to the thread."""
    root = send(api, group, "alice", "Who brings tea?")
    for number in range(60):
        send(api, group, "bob", f"Line {number}")
    send(api, group, "carol", "I do", thread=root)
    bob = as_person("bob")
    group.open(bob)
    bob.get_by_role("link", name="1 new in a thread").click()
    expect(texts(bob)).to_have_text(["Who brings tea?", "I do"])
    expect(group.badge(bob)).to_have_count(0)


def test_a_thread_is_marked_unread_by_itself(as_person: AsPerson, api: Any, group: Group) -> None:
    """Rule 10."""
    root = send(api, group, "alice", "Who brings tea?")
    send(api, group, "carol", "I do", thread=root)
    send(api, group, "alice", "And biscuits?")
    bob = as_person("bob")
    group.open(bob)
    replies(bob, "Who brings tea?").click()
    expect(group.badge(bob)).to_have_count(0)
    bubble(bob, "I do").hover()
    bubble(bob, "I do").get_by_role("button", name="More").click()
    bob.get_by_role("button", name="Mark unread from here").click()
    expect(group.badge(bob)).to_have_text("1")
    group.open(bob)
    expect(replies(bob, "Who brings tea?")).to_have_text("1 reply 1 new")


def test_a_reply_that_was_written_offline_is_sent_to_its_thread(
    as_person: AsPerson, api: Any, group: Group
) -> None:
    root = send(api, group, "alice", "Who brings tea?")
    bob = as_person("bob")
    group.open(bob)
    bob.goto(f"/?as=bob#{group.pk}/{root}")
    expect(bubble(bob, "Who brings tea?")).to_be_visible()
    bob.get_by_role("switch", name="Online").uncheck()
    say(bob, "I do")
    expect(bubble(bob, "I do")).to_be_visible()
    bob.get_by_role("switch", name="Online").check()
    expect(ticks(bob, "I do")).to_have_attribute("data-ticks", "sent")
    [sent] = api("bob").get(f"/conversations/{group.pk}/messages/?thread={root}")["results"]
    assert sent["body"] == "I do"


def test_a_thread_that_is_not_there_leads_back(as_person: AsPerson, api: Any, group: Group) -> None:
    """Of an unknown number, and of a reply."""
    root = send(api, group, "alice", "Who brings tea?")
    sent = send(api, group, "carol", "I do", thread=root)
    bob = as_person("bob", forgive="404")
    for number in (999_999_999, sent):
        bob.goto(f"/?as=bob#{group.pk}/{number}")
        expect(bob.get_by_role("heading", name=group.title, level=1)).to_be_visible()
        expect(bubble(bob, "Who brings tea?")).to_be_visible()
