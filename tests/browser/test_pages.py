"""The first page, the phone, and what production serves instead."""

from __future__ import annotations

from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, bubble
from tests.browser.server import running_without_demo

AsPerson = Callable[..., Page]


def test_one_chooses_who_to_be(window: Callable[..., Page]) -> None:
    page = window("/")
    page.get_by_role("link", name="Alice Moreau", exact=True).click()
    expect(page.get_by_role("link", name="Thursday meeting")).to_be_visible()
    page.get_by_role("button", name="Alice Moreau").click()
    with page.expect_popup() as opened:
        page.locator("#who-menu").get_by_role("link", name="Bob Okafor").click()
    expect(opened.value.get_by_role("button", name="Bob Okafor")).to_be_visible()
    expect(opened.value.get_by_role("link", name="Thursday meeting")).to_be_visible()
    page.get_by_role("link", name="Switch user in this window").click()
    expect(page.get_by_role("heading", name="Seenby")).to_be_visible()


def test_on_a_phone_there_is_one_pane_at_a_time(as_person: AsPerson) -> None:
    page = as_person("alice", viewport=PHONE, has_touch=True, is_mobile=True)
    item = page.get_by_role("link", name="Thursday meeting")
    expect(item).to_be_visible()
    expect(page.get_by_role("region", name="Messages")).to_be_hidden()
    item.tap()
    expect(bubble(page, "The figures are in the folder now.")).to_be_in_viewport()
    expect(item).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.get_by_role("link", name="Back").tap()
    expect(item).to_be_visible()


def test_a_conversation_is_started(as_person: AsPerson) -> None:
    """Alone with somebody there is but one, whoever starts it; with several it is a group."""
    carol = as_person("carol")
    carol.get_by_role("button", name="New conversation").click()
    carol.get_by_label("Alice Moreau").check()
    carol.get_by_role("button", name="Start").click()
    expect(bubble(carol, "Can you sign it today?")).to_be_visible()
    carol.get_by_role("button", name="New conversation").click()
    carol.get_by_label("Bob Okafor").check()
    carol.get_by_label("Erin Sato").check()
    carol.get_by_label("Group name").fill("Rota")
    carol.get_by_role("button", name="Start").click()
    expect(carol.get_by_role("heading", name="Rota")).to_be_visible()
    expect(carol.get_by_text("No messages yet. Say hello.")).to_be_visible()


def test_the_moderator_logs_in(as_moderator: Callable[..., Page]) -> None:
    """With the password that the demo prints; nobody ran ``createsuperuser``."""
    page = as_moderator("/admin/")
    expect(page.get_by_role("link", name="Messages", exact=True)).to_be_visible()


def test_in_production_there_is_no_demo() -> None:
    with running_without_demo() as address:
        for path in ("/", "/?as=alice", "/demo/token/", "/static/demo/main.js"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{address}{path}")
