"""Unread badges: they come, they go, and all windows of a person agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Group, bubble, ticks

AsPerson = Callable[..., Page]


def test_a_badge_appears_and_goes(as_person: AsPerson, api: Any, group: Group) -> None:
    bob = as_person("bob")
    expect(group.badge(bob)).to_have_count(0)
    alice = api("alice")
    for body in ("One", "Two"):
        alice.post(f"/conversations/{group.pk}/messages/", {"body": body})
    expect(group.badge(bob)).to_have_text("2")
    group.open(bob)
    expect(group.badge(bob)).to_have_count(0)
    expect(bob.get_by_text("New messages", exact=True)).to_be_visible()


def test_two_windows_of_one_person_agree(as_person: AsPerson, api: Any, group: Group) -> None:
    """What is read in one is read in the other."""
    one, other = as_person("bob"), as_person("bob")
    api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "Which window?"})
    expect(group.badge(one)).to_have_text("1")
    expect(group.badge(other)).to_have_text("1")
    group.open(one)
    expect(group.badge(other)).to_have_count(0)


def test_mark_unread_is_for_oneself(as_person: AsPerson, api: Any, group: Group) -> None:
    """Rule 10: the badge is back in all of one's windows; the ticks stay blue."""
    alice, bob, other = as_person("alice"), as_person("bob"), as_person("bob")
    api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "Read me"})
    api("carol").post(f"/conversations/{group.pk}/mark-read/")
    group.open(alice)
    group.open(bob)
    expect(ticks(alice, "Read me")).to_have_attribute("data-ticks", "read")
    bubble(bob, "Read me").hover()
    bubble(bob, "Read me").get_by_role("button", name="More").click()
    bob.get_by_role("button", name="Mark unread from here").click()
    expect(group.badge(bob)).to_have_text("1")
    expect(group.badge(other)).to_have_text("1")
    expect(ticks(alice, "Read me")).to_have_attribute("data-ticks", "read")


def test_a_deleted_message_is_not_unread(as_person: AsPerson, api: Any, group: Group) -> None:
    """Rule 21, and its words are gone for everybody."""
    alice, bob = as_person("alice"), as_person("bob")
    api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "Wrong window"})
    expect(group.badge(bob)).to_have_text("1")
    group.open(alice)
    bubble(alice, "Wrong window").hover()
    bubble(alice, "Wrong window").get_by_role("button", name="More").click()
    alice.get_by_role("button", name="Delete for everyone").click()
    expect(bubble(alice, "This message was deleted.")).to_be_visible()
    expect(group.badge(bob)).to_have_count(0)
    group.open(bob)
    expect(bubble(bob, "This message was deleted.")).to_be_visible()


def test_what_is_below_the_window_is_not_read(as_person: AsPerson, api: Any, group: Group) -> None:
    """Only what was shown has been read; the rest waits for being scrolled to."""
    alice = api("alice")
    for number in range(1, 41):
        alice.post(f"/conversations/{group.pk}/messages/", {"body": f"Line {number}\n\n\n"})
    bob = as_person("bob")
    expect(group.badge(bob)).to_have_text("40")
    group.open(bob)
    expect(group.badge(bob)).not_to_have_text("40")
    expect(group.badge(bob)).to_be_visible()
    bob.get_by_role("button", name=re.compile("new ↓")).click()
    expect(group.badge(bob)).to_have_count(0)
