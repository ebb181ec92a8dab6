"""Every page as axe-core sees it, on a laptop and a phone, in light and dark: nothing serious.

A page is loaded once for a width; in the dark only what hangs on colours is looked at again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LAPTOP, PHONE, Api, bubble, environment_of
from tests.browser.server import Demo
from tests.support import ROOT

Window = Callable[..., Page]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
#: Besides the rules that are on by default.
ALSO = {"rules": {"label-content-name-mismatch": {"enabled": True}}}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
LOOK = """async ([where, options]) => {
  // Colours that still change to the other theme's are neither's; scripts hear of it a frame later.
  await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  await Promise.allSettled(document.getAnimations().map((each) => each.finished));
  // To preload, it would fetch what a style sheet imports from wrong addresses.
  const found = await axe.run(where, { resultTypes: ["violations"], preload: false, ...options });
  return found.violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}"""

#: Lists of some rows, each with what is below the page of its first row.
LISTS = {
    "chat/message/?sender=frank": ("change", "history", "delete-softly"),
    "chat/message/?q=Added.": ("change",),  # a reply
    "chat/message/?q=Agenda": ("change",),  # its root
    "chat/conversation/": ("change", "erase"),
    "chat/user/?q=r": ("change", "password", "forget"),
    "chat/conversationparticipant/?user=bob": ("change",),
    "receipts/messagestatus/?recipient=frank": ("change",),
    "chat/servicekey/": ("change",),
    "receipts/webhookendpoint/": ("change",),
    "auth/group/": ("change",),
}
OTHERS = (
    "", "insights/", "chat/message/?q=nothing", "chat/message/?sender=nobody", "chat/user/add/",
    "chat/servicekey/add/", "password_change/",
)  # fmt: skip
REGISTER = """
from chat.models import User
from receipts.feed.positions import newest_position
from receipts.models import WebhookEndpoint

owner = User.objects.get(username="bridge")
cursor = newest_position().cursor(owner.username)
WebhookEndpoint.objects.get_or_create(
    owner=owner, url="https://backend.example/seenby", defaults={"cursor": cursor, "failures": 2}
)
"""

#: Our policy forbids styles that axe-core sets; ``test_policy`` tests it.
OPTIONS: Any = {"reduced_motion": "reduce", "bypass_csp": True}

WIDTHS = pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])


@pytest.fixture
def faults() -> Faults:
    return Faults()


class Faults:
    """What axe-core finds on pages, by their names."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def look(self, page: Page, name: str, where: str = "html") -> None:
        """In light and in dark, at a part of the page."""
        page.evaluate(AXE)
        for scheme, options in (("light", ALSO), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal
            if faults := page.evaluate(LOOK, [where, options]):
                self.found[f"{name} ({scheme})"] = faults
        page.emulate_media(color_scheme="light")


@pytest.fixture
def webhook(demo: Demo, bridge: Api) -> None:
    """One of an application that has a key; no address is asked for it."""
    command = [sys.executable, "manage.py", "shell", "-c", REGISTER]
    subprocess.run(command, cwd=ROOT, env=environment_of(demo), check=True, capture_output=True)


@WIDTHS
@pytest.mark.timeout(240)  # seconds, where several others use the machine
def test_the_admin(as_moderator: Window, webhook: None, faults: Faults, size: Any) -> None:
    """As a superuser, who has every page."""
    page = as_moderator("/admin/", username="admin", viewport=size, **OPTIONS)
    paths = list(OTHERS)
    for path, below in LISTS.items():
        page.goto(f"/admin/{path}")
        first = page.locator("#result_list tbody th a").first.get_attribute("href")
        assert first, path
        paths += [path, *(first.removeprefix("/admin/").replace("change", each) for each in below)]
    for path in paths:
        page.goto(f"/admin/{path}")
        expect(page.locator("#header")).to_be_visible()
        faults.look(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
    assert faults.found == {}, faults.found


@WIDTHS
def test_signing_in_and_being_refused(
    window: Window, as_moderator: Window, faults: Faults, size: Any
) -> None:
    faults.look(window("/admin/login/", viewport=size, **OPTIONS), "login")
    page = as_moderator("/admin/", viewport=size, forgive="403", **OPTIONS)
    page.goto("/admin/receipts/webhookendpoint/")
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    faults.look(page, "refused")
    assert faults.found == {}, faults.found


@WIDTHS
def test_the_chat(window: Window, faults: Faults, size: Any) -> None:
    """The list, a conversation, who has read a message, and a thread."""
    page = window("/", viewport=size, **OPTIONS)
    faults.look(page, "welcome")
    page.goto("/?as=alice")
    page.get_by_role("link", name="Thursday meeting").click()
    newest = bubble(page, "The figures are in the folder now.")
    expect(newest).to_be_visible()
    faults.look(page, "conversation")
    newest.locator(".bubble").click()
    expect(page.get_by_role("region", name="Read by")).to_contain_text("Bob Okafor")
    faults.look(page, "info")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="2 replies").click()
    expect(page.get_by_role("heading", name="Thread", level=1)).to_be_visible()
    expect(bubble(page, "Please add ten minutes")).to_be_visible()
    faults.look(page, "thread")
    assert faults.found == {}, faults.found


@WIDTHS
def test_the_page_of_the_api(window: Window, faults: Faults, size: Any) -> None:
    """Closed, with an operation that was tried, and with the dialog about tokens."""
    page = window("/api/v1/docs/", viewport=size, **OPTIONS)
    expect(page.locator(".opblock").first).to_be_visible()
    faults.look(page, "closed")
    block = page.locator(".opblock", has=page.get_by_text("/api/v1/me/", exact=True)).first
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".responses-inner").get_by_text("alice").first).to_be_visible()
    faults.look(page, "tried")
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.locator(".modal-ux")).to_be_visible()
    faults.look(page, "dialog", ".modal-ux")
    page.keyboard.press("Escape")
    expect(page.locator(".modal-ux")).to_be_hidden()
    assert faults.found == {}, faults.found
