"""A superuser forgets a person and deletes a conversation, in a browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Api, Group


def test_a_conversation_is_deleted_after_reading_what_that_means(
    as_moderator: Callable[..., Page], api: Callable[[str], Api], group: Group
) -> None:
    """On a phone, where nothing sticks out; a moderator has no such link."""
    api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "Nothing lasts."})
    address = f"/admin/chat/conversation/{group.pk}/change/"
    page = as_moderator(address)
    expect(page.get_by_role("link", name="Delete this conversation")).to_have_count(0)
    page = as_moderator(address, username="admin", viewport=PHONE)
    page.get_by_role("link", name="Delete this conversation").click()
    expect(page.get_by_role("heading", name="What goes")).to_be_visible()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Delete this conversation").click()
    expect(page.get_by_text("The conversation is deleted.")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("Nothing lasts.")).to_have_count(0)
