"""System lines and one's own notifications, in the chat and in the admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LAPTOP, PHONE, Api, Group, bubble

Person = Callable[..., Page]


def test_a_system_line_is_centred_and_plain(
    as_person: Person, api: Callable[[str], Api], bridge: Api, group: Group
) -> None:
    """No bubble, no name and no ticks, not even for the person that it names."""
    api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "Tea at four?"})
    bob, alice = as_person("bob"), as_person("alice")
    group.open(bob)
    group.open(alice)
    line = {"kind": "system", "body": "Alice renamed the group.", "sender": "alice"}
    bridge.post(f"/conversations/{group.pk}/messages/", line)
    for page in (bob, alice):
        found = page.locator("#bubbles .system")
        expect(found).to_have_text("Alice renamed the group.")
        expect(group.item(page)).to_contain_text("Tea at four?")
        box, view = found.bounding_box(), page.locator("#bubbles").bounding_box()
        assert box
        assert view
        assert abs(2 * box["x"] + box["width"] - 2 * view["x"] - view["width"]) < 2
    expect(bubble(bob, "Tea at four?")).to_be_visible()


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
def test_a_conversation_is_silent_for_oneself(
    as_person: Person, api: Callable[[str], Api], group: Group, viewport: dict[str, int]
) -> None:
    """What is unread in it is counted there, and no longer in the window's title."""
    alice = as_person("alice", viewport=viewport)
    group.open(alice)
    bell = alice.get_by_role("button", name="Notifications")
    expect(bell).to_have_attribute("aria-pressed", "true")
    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "false")
    elsewhere = as_person("alice")
    expect(group.item(elsewhere)).to_contain_text("notifications off")
    title = elsewhere.title()
    alice.close()
    api("bob").post(f"/conversations/{group.pk}/messages/", {"body": "Anybody here?"})
    expect(group.badge(elsewhere)).to_have_text("1")
    expect(elsewhere).to_have_title(title)
