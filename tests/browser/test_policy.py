"""The pages under their Content-Security-Policy, in a browser that enforces it.

Whatever the policy stops is an error on the console, which fails the test (``window``).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Api, Group

Window = Callable[..., Page]
AsModerator = Callable[..., Page]

STOPPED = """() => new Promise(resolve => {
  document.addEventListener('securitypolicyviolation', e => resolve(e.violatedDirective));
  const style = document.createElement('style');
  style.textContent = 'body { display: none }';
  document.head.append(style);
})"""


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/api/v1/docs/"])
def test_the_browser_stops_what_is_inline(window: Window, path: str) -> None:
    """Without this the tests below could not fail."""
    page = window(path, forgive="Content Security Policy")
    assert page.evaluate(STOPPED) == "style-src-elem"
    expect(page.locator("body")).to_be_visible()


def test_every_page_of_the_admin_works(
    as_moderator: AsModerator, api: Callable[[str], Api], group: Group
) -> None:
    """As a superuser, who has every button; widgets with scripts of Django's are used."""
    message = api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "hello"})["id"]
    page = as_moderator("/admin/", username="admin")
    for path in (
        "", "chat/message/", f"chat/message/{message}/change/", f"chat/message/{message}/history/",
        f"chat/message/{message}/delete-softly/", "chat/conversation/",
        f"chat/conversation/{group.pk}/change/", f"chat/conversation/{group.pk}/erase/",
        "chat/user/", "chat/user/add/", "chat/servicekey/add/", "insights/",
        f"insights/?conversation={group.pk}", "receipts/messagestatus/", "chat/servicekey/",
        "chat/conversationparticipant/", "receipts/webhookendpoint/", "auth/group/",
        "auth/group/add/", "auth/group/1/change/", "password_change/",
    ):  # fmt: skip
        page.goto(f"/admin/{path}")
        expect(page.locator("#header")).to_be_visible()
    page.goto("/admin/chat/user/?q=alice")
    page.get_by_role("link", name="alice").click()
    groups = page.locator("#id_groups_from")
    groups.select_option(label="Moderators")
    page.locator("#id_groups_add").click()
    expect(page.locator("#id_groups_to option")).to_have_text(["Demo", "Moderators"])
    page.goto("/admin/chat/message/")
    page.get_by_label("Select all").first.check()
    expect(page.locator("tr.selected").first).to_be_visible()


def test_the_docs_show_the_api_and_try_it(window: Window, api: Callable[[str], Api]) -> None:
    """As a sample user at once, and as somebody else by Swagger UI's own dialog, which is kept."""
    page = window("/api/v1/docs/")
    expect(page.get_by_role("heading", name="Seenby")).to_be_visible()
    expect(page.get_by_text("You are alice")).to_be_visible()
    try_me(page, "alice")
    token = api("bob").headers["Authorization"].removeprefix("Bearer ")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator("button", has_text="Logout").click()
    page.locator(".auth-container input").first.fill(token)
    page.locator(".auth-btn-wrapper .authorize").first.click()
    page.locator(".auth-btn-wrapper .btn-done").first.click()
    page.reload()
    try_me(page, "bob")


def try_me(page: Page, username: str) -> None:
    """Ask for one's own profile on the page of the API."""
    block = page.locator(".opblock", has=page.get_by_text("/api/v1/me/", exact=True)).first
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".responses-inner").get_by_text(username).first).to_be_visible()
