"""An edited message, in the chat and in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Api, Group, bubble

Person = Callable[..., Page]


def edited(api: Callable[[str], Api], message: int, body: str) -> None:
    api("alice")("PATCH", f"/api/v1/messages/{message}/", {"body": body})


def sent(api: Callable[[str], Api], group: Group, body: str) -> int:
    message: Any = api("alice").post(f"/conversations/{group.pk}/messages/", {"body": body})
    pk: int = message["id"]
    return pk


def test_an_edit_appears_in_open_windows(
    as_person: Person, api: Callable[[str], Api], group: Group
) -> None:
    """With the new text in the list, too; the ticks stand."""
    message = sent(api, group, "Tea at four?")
    bob, alice = as_person("bob"), as_person("alice")
    group.open(bob)
    group.open(alice)
    expect(bubble(bob, "Tea at four?")).not_to_contain_text("edited")
    edited(api, message, "Tea at five?")
    for page in (bob, alice):
        expect(bubble(page, "Tea at five?")).to_contain_text("edited")
        expect(group.item(page)).to_contain_text("Tea at five?")
        expect(page.locator("#bubbles")).not_to_contain_text("four")


def test_message_info_says_who_read_it_before_the_edit(
    as_person: Person, api: Callable[[str], Api], group: Group
) -> None:
    """The dialog is live: it shows the new text while it is open."""
    message = sent(api, group, "Biscuits or cake?")
    api("carol").post(f"/messages/{message}/read/")
    alice = as_person("alice")
    group.open(alice)
    bubble(alice, "Biscuits or cake?").get_by_role("button", name="Message info").press("Enter")
    info = alice.locator("#info-body")
    expect(info).to_contain_text("Carol Lind")
    expect(info).not_to_contain_text("edit")
    edited(api, message, "Scones, then.")
    expect(info).to_contain_text("Scones, then.")
    expect(info).to_contain_text("edited")
    expect(info.get_by_role("listitem").filter(has_text="Carol Lind")).to_contain_text(
        "read before the edit"
    )


def test_a_moderator_sees_that_a_message_was_edited(
    as_moderator: Callable[..., Page], api: Callable[[str], Api], group: Group
) -> None:
    """In the list, and on its page with the time."""
    message = sent(api, group, "Six o'clock sharp")
    api("carol").post(f"/messages/{message}/read/")
    edited(api, message, "Seven o'clock sharp")
    page = as_moderator("/admin/chat/message/")
    row = page.locator("#result_list tbody tr").filter(has_text="Seven o'clock sharp")
    expect(row).to_contain_text("edited")
    page.goto(f"/admin/chat/message/{message}/change/")
    expect(page.locator(".note.edited")).to_contain_text("0 of 1 read the present text")
    expect(page.get_by_role("row", name="Carol Lind")).to_contain_text("Read before the edit")
