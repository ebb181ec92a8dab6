"""Message info: read by, delivered to, not yet, with times."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Group, bubble, say, ticks

TIME = re.compile(r"\d\d:\d\d")
AsPerson = Callable[..., Page]


def section(page: Page, name: str) -> Any:
    return page.get_by_role("dialog", name="Message info").get_by_role("region", name=name)


def test_it_names_everybody_with_times_and_is_live(
    as_person: AsPerson, api: Any, group: Group
) -> None:
    alice = as_person("alice")
    group.open(alice)
    say(alice, "Who is in?")
    expect(ticks(alice, "Who is in?")).to_have_attribute("data-ticks", "sent")
    bubble(alice, "Who is in?").get_by_role("button", name="Message info").click()
    expect(section(alice, "Not yet")).to_contain_text("Bob Okafor")
    expect(section(alice, "Not yet")).to_contain_text("Carol Lind")
    api("carol").post(f"/conversations/{group.pk}/mark-delivered/")
    api("bob").post(f"/conversations/{group.pk}/mark-read/")
    expect(section(alice, "Read by")).to_contain_text("Bob Okafor")
    expect(section(alice, "Read by").get_by_role("time")).to_have_text(TIME)
    expect(section(alice, "Delivered to")).to_contain_text("Carol Lind")
    expect(section(alice, "Delivered to").get_by_role("time")).to_have_text(TIME)
    expect(section(alice, "Not yet")).to_have_count(0)
    expect(alice.get_by_role("dialog")).to_contain_text("Read by 1 of 2")


def test_on_a_phone_it_is_a_sheet_that_escape_closes(as_person: AsPerson) -> None:
    alice = as_person("alice", viewport=PHONE, has_touch=True)
    alice.get_by_role("link", name="Thursday meeting").click()
    bubble(alice, "The figures are in the folder now.").locator(".bubble").tap()
    sheet = alice.get_by_role("dialog", name="Message info")
    expect(sheet).to_contain_text("Frank Weiss")
    alice.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_others_are_told_that_it_is_not_for_them(as_person: AsPerson) -> None:
    """Rule 17: who has read a message is for its sender."""
    bob = as_person("bob")
    bob.get_by_role("link", name="Thursday meeting").click()
    message = bubble(bob, "The figures are in the folder now.")
    message.hover()
    message.get_by_role("button", name="More").click()
    bob.locator("#message-menu").get_by_role("button", name="Message info").click()
    expect(bob.get_by_role("dialog")).to_contain_text("Only Alice Moreau, who sent it, can see")


def test_failures_and_those_who_left_are_told_apart(as_person: AsPerson) -> None:
    """Rules 2 and 11, in the world as it is loaded."""
    alice, bob = as_person("alice"), as_person("bob")
    alice.get_by_role("link", name="Frank Weiss").click()
    bubble(alice, "Shall I ring you").locator(".bubble").click()
    expect(section(alice, "Not delivered")).to_contain_text("No device has been reachable")
    bob.get_by_role("link", name="Moving the archive").click()
    bubble(bob, "Me, with the small van.").locator(".bubble").click()
    expect(section(bob, "Left before reading")).to_contain_text("Dave Petrov")


def test_it_can_be_had_by_keyboard(as_person: AsPerson, group: Group) -> None:
    alice = as_person("alice")
    group.item(alice).get_by_role("link").press("Enter")
    expect(alice.get_by_label("Message", exact=True)).to_be_focused()
    alice.keyboard.type("Hands on keys")
    alice.keyboard.press("Enter")
    meta = bubble(alice, "Hands on keys").get_by_role("button", name="Message info")
    expect(meta).to_be_enabled()
    meta.press("Enter")
    expect(section(alice, "Not yet")).to_be_visible()
    alice.keyboard.press("Escape")
    expect(alice.get_by_role("dialog")).to_be_hidden()
