"""What becomes visible in a page is marked read: one request for what is seen together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.seenby.site import Site
from tests.clients.server import Seenby

PAGE = """<div id="list"></div>"""
START = """async ([url, token, messages]) => {
  const { Seenby, Marks } = await import(`${url}/static/seenby/seenby.js`);
  const seenby = new Seenby({ url, token: () => token });
  window.marks = new Marks(seenby, { delay: 300, storage: localStorage, key: "alice" });
  const list = document.getElementById("list");
  for (const message of messages) {
    const line = document.createElement("p");
    line.textContent = `Message ${message}`;
    line.style.marginBottom = message === messages[1] ? "3000px" : "0";
    list.append(line);
    marks.readWhenVisible(line, message);
  }
}"""
#: Nothing is seen in a page that is in the background.
HIDE = (
    "Object.defineProperty(document, 'hidden', { get: () => window.isHidden, configurable: true })"
)
SHOW = "window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def messages(seenby: Seenby) -> list[int]:
    """Three of bob's, for alice."""
    pk = seenby.native("PUT", "/conversations/by-members/", {"members": ["alice", "bob"]})["id"]
    body = {"sender": "bob", "body": "hello"}
    return [seenby.native("POST", f"/conversations/{pk}/messages/", body)["id"] for _ in range(3)]


@pytest.fixture
def page(shop: Site, chromium: Browser) -> Iterator[Page]:
    shop.script, shop.body = "", PAGE
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    opened = context.new_page()
    opened.goto(shop.origin)
    yield opened
    context.close()


def marked(page: Page, act: Any) -> list[int]:
    """The messages of the next request with marks, which ``act`` brings about."""
    with page.expect_request(
        lambda asked: asked.method == "POST" and asked.url.endswith("/api/v1/receipts/")
    ) as asked:
        act()
    return [each["message"] for each in asked.value.post_data_json["receipts"]]


def test_what_is_seen_is_read_and_what_is_below_is_not(
    seenby: Seenby, page: Page, messages: list[int]
) -> None:
    given = [seenby.address, seenby.token("alice"), messages]
    assert marked(page, lambda: page.evaluate(START, given)) == messages[:2]
    page.wait_for_function("marks.pending === 0")
    states = [seenby.native("GET", f"/messages/{each}/status/")["read_count"] for each in messages]
    assert states == [1, 1, 0]
    last = page.locator("#list p").last
    assert marked(page, last.scroll_into_view_if_needed) == messages[2:]
    page.wait_for_function("marks.pending === 0")
    assert page.evaluate("localStorage.length") == 0


def test_nothing_is_read_while_the_page_is_in_the_background(
    seenby: Seenby, page: Page, messages: list[int]
) -> None:
    page.evaluate(f"window.isHidden = true; {HIDE}")
    page.evaluate(START, [seenby.address, seenby.token("alice"), messages])
    # The observer has told of what is in view by the second frame.
    page.evaluate("new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))")
    assert page.evaluate("marks.pending") == 0
    assert marked(page, lambda: page.evaluate(SHOW)) == messages[:2]


def test_what_waits_when_the_page_is_left_goes_with_it(
    seenby: Seenby, page: Page, messages: list[int]
) -> None:
    """Before the time in which marks are collected is over."""
    script = START.replace("delay: 300", "delay: 1e9")
    page.evaluate(script, [seenby.address, seenby.token("alice"), messages])
    page.wait_for_function("marks.pending === 2")
    leave = f"window.isHidden = true; {HIDE}; document.dispatchEvent(new Event('visibilitychange'))"
    assert marked(page, lambda: page.evaluate(leave)) == messages[:2]
