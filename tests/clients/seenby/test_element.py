"""``<seenby-ticks>`` in pages of another origin: two lines, live, for all eyes and hands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.clients.seenby.site import Site
from tests.clients.server import Seenby
from tests.support import ROOT

AXE = ROOT / "clients" / "js" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 700}
expect.set_options(timeout=15_000)


@pytest.fixture
def group(seenby: Seenby) -> str:
    body = {"kind": "group", "owner": "alice", "participants": ["bob", "carol"]}
    return f"/conversations/{seenby.native('POST', '/conversations/', body)['id']}"


@pytest.fixture
def say(seenby: Seenby, group: str) -> Callable[..., Any]:
    """``say("alice")``: the id of a message that she has sent."""

    def send(sender: str, **more: Any) -> Any:
        body = {"sender": sender, "body": "hello", **more}
        return seenby.native("POST", f"{group}/messages/", body)["id"]

    return send


@pytest.fixture
def visit(seenby: Seenby, shop: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``visit(42)``: a page with the two lines, for alice. What goes wrong in it fails the test."""
    shop.token = lambda: seenby.token("alice")
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(*messages: Any, attributes: str = "", **options: Any) -> Page:
        shop.two_lines(seenby.address, *messages, attributes=attributes)
        context = chromium.new_context(locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(shop.origin)
        return page

    yield open_page
    for each in contexts:
        each.close()
    assert wrong == []


def ticks(page: Page, place: int = 0) -> Any:
    return page.locator("seenby-ticks").nth(place).locator("[role=img]")


def info(page: Page, place: int = 0) -> Any:
    return page.get_by_role("button", name="Message info").nth(place)


def test_two_lines_show_live_ticks(
    seenby: Seenby, group: str, say: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    """Also of a message by a name of one's own."""
    number = say("alice")
    say("alice", external_id="tea, 1")
    page = visit(number, "ext:tea, 1")
    for place in (0, 1):
        expect(ticks(page, place)).to_have_attribute("data-ticks", "sent")
        expect(info(page, place)).to_have_accessible_name("Sent. Message info")
    seenby.native("POST", f"{group}/mark-delivered/", {"user": "bob"})
    for place in (0, 1):
        expect(ticks(page, place)).to_have_attribute("data-ticks", "partial")
    for user in ("bob", "carol"):
        seenby.native("POST", f"{group}/mark-read/", {"user": user})
    for place in (0, 1):
        expect(ticks(page, place)).to_have_attribute("data-ticks", "read")
        expect(info(page, place)).to_have_accessible_name("Read by all. Message info")


def test_many_elements_share_one_stream_and_one_request(
    say: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    page = visit()
    calls: list[str] = []
    page.on("request", lambda asked: calls.append(asked.url.split("?")[0].partition("/api/v1")[2]))
    messages = [say("alice") for _ in range(30)]
    elements = "".join(f"<seenby-ticks message={each}></seenby-ticks>" for each in messages)
    page.locator("main").evaluate("(main, html) => main.innerHTML = html", elements)
    expect(page.locator("seenby-ticks [role=img]")).to_have_count(30)
    assert calls.count("/events/") == 1
    # A second one, where the stream took so long to open that they were asked for before.
    assert calls.count("/receipts/") <= 2


def test_message_info_names_who_by_keyboard_and_is_live(
    seenby: Seenby, group: str, say: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    page = visit(say("alice"))
    seenby.native("POST", f"{group}/mark-read/", {"user": "bob"})
    expect(info(page)).to_have_accessible_name("Read by 1 of 2. Message info")
    page.keyboard.press("Tab")
    expect(info(page)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Message info")
    expect(dialog.get_by_role("region", name="Read by")).to_contain_text("Bob")
    expect(dialog.get_by_role("region", name="Read by").get_by_role("time")).to_be_visible()
    expect(dialog.get_by_role("region", name="Not yet")).to_contain_text("Carol")
    seenby.native("POST", f"{group}/mark-delivered/", {"user": "carol"})
    expect(dialog.get_by_role("region", name="Delivered to")).to_contain_text("Carol")
    expect(dialog.get_by_role("region", name="Not yet")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(info(page)).to_be_focused()


def test_a_long_list_is_shown_page_by_page(seenby: Seenby, visit: Callable[..., Page]) -> None:
    names = [f"reader{number:02}" for number in range(60)]
    for name in names:
        seenby.native("POST", "/users/", {"username": name})
    body = {"kind": "group", "owner": "alice", "participants": names}
    pk = seenby.native("POST", "/conversations/", body)["id"]
    send = {"sender": "alice", "body": "hello"}
    message = seenby.native("POST", f"/conversations/{pk}/messages/", send)["id"]
    page = visit(message, viewport=PHONE)
    info(page).click()
    lines = page.get_by_role("dialog").get_by_role("listitem")
    expect(lines).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(lines).to_have_count(60)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_of_somebody_elses_message_nothing_is_shown(
    say: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    """Rule 17; nor of one that is not there."""
    page = visit(say("alice"), say("bob"), 999_999)
    expect(ticks(page, 0)).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(1)


def test_a_page_may_show_message_info_itself_or_not_at_all(
    say: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    message = say("alice")
    page = visit(message)
    page.evaluate(
        "addEventListener('seenby-info', event => { event.preventDefault();"
        " document.title = event.detail.message; })"
    )
    info(page).click()
    expect(page).to_have_title(str(message))
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("seenby-ticks").evaluate("element => element.setAttribute('info', 'off')")
    expect(page.get_by_role("button")).to_have_count(0)
    expect(ticks(page)).to_have_accessible_name("Sent")


def test_an_element_follows_its_attribute(
    seenby: Seenby, group: str, say: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    first = say("alice")
    seenby.native("POST", f"{group}/mark-delivered/", {"user": "bob"})
    page = visit(first)
    expect(ticks(page)).to_have_attribute("data-ticks", "partial")
    second = say("alice")
    element = page.locator("seenby-ticks")
    element.evaluate("(element, id) => element.setAttribute('message', id)", str(second))
    expect(ticks(page)).to_have_attribute("data-ticks", "sent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desk"])
def test_axe_finds_nothing(
    seenby: Seenby,
    group: str,
    say: Callable[..., Any],
    visit: Callable[..., Page],
    scheme: str,
    viewport: Any,
) -> None:
    """Of the ticks in every state, with words and without, and of message info."""
    number = say("alice")
    seenby.native("POST", f"{group}/mark-read/", {"user": "bob"})
    later = say("alice")
    failed = {"user": "bob", "reason": "no device"}
    seenby.native("POST", f"/messages/{later}/failed/", failed)
    for attributes in ("", "words"):
        page = visit(
            number, later, attributes=attributes, color_scheme=scheme, viewport=viewport,
            reduced_motion="reduce",
        )  # fmt: skip
        page.add_script_tag(path=str(AXE))
        expect(page.locator("seenby-ticks [data-ticks]")).to_have_count(2)
        assert _violations(page) == []
        info(page).click()
        expect(page.get_by_role("dialog").get_by_role("region").first).to_be_visible()
        assert _violations(page) == []


def _violations(page: Page) -> list[str]:
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{each['id']}: {json.dumps([n['html'] for n in each['nodes']])}" for each in found]
