"""A moderator's morning, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Api, Group

AsModerator = Callable[..., Page]


def sent(api: Callable[[str], Api], group: Group, body: str) -> Any:
    """A message of alice's, which carol has read and bob has not."""
    message = api("alice").post(f"/conversations/{group.pk}/messages/", {"body": body})
    api("carol").post(f"/messages/{message['id']}/read/")
    return message["id"]


def find(page: Page, words: str) -> None:
    """Search the list for words, and open the message that has them."""
    page.get_by_label("Text").fill(words)
    page.get_by_role("button", name="Find").click()
    rows = page.locator("#result_list tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("rowheader").get_by_role("link").click()


def decide(page: Page, verb: str, reason: str) -> None:
    """Press a message's button, and say why."""
    page.get_by_role("link", name=verb, exact=True).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=verb, exact=True).click()


def test_a_moderator_finds_a_message_and_reads_its_recipients(
    as_moderator: AsModerator, api: Callable[[str], Api], group: Group
) -> None:
    sent(api, group, "Where does the walrus sleep?")
    page = as_moderator("/admin/chat/message/")
    find(page, "walrus SLEEP")
    expect(page.get_by_role("heading", name="Read by 1 of 2")).to_be_visible()
    expect(page.get_by_role("row", name="Carol Lind")).to_contain_text("Read")
    expect(page.get_by_role("row", name="Bob Okafor")).to_contain_text("Pending")


def test_a_moderator_deletes_a_message_and_restores_it(
    as_moderator: AsModerator, api: Callable[[str], Api], group: Group
) -> None:
    """Rule 21; each with a reason that stands in its history."""
    message = sent(api, group, "Buy cheap watches, today only!")
    page = as_moderator("/admin/chat/message/")
    find(page, "cheap watches")
    decide(page, "Delete", "Advertising.")
    expect(page.get_by_text("Others no longer see its text.")).to_be_visible()
    assert api("bob").get(f"/messages/{message}/")["body"] == ""
    decide(page, "Restore", "It was a joke.")
    assert api("bob").get(f"/messages/{message}/")["body"] == "Buy cheap watches, today only!"
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Deleted: Advertising.")).to_be_visible()
    expect(page.get_by_text("Restored: It was a joke.")).to_be_visible()


def test_a_moderator_does_so_on_a_phone_and_nothing_sticks_out(
    as_moderator: AsModerator, api: Callable[[str], Api], group: Group
) -> None:
    sent(api, group, "Anything odd about this one?")
    page = as_moderator("/admin/", viewport=PHONE)
    for path in (
        "/admin/",
        "/admin/chat/message/",
        "/admin/chat/conversation/",
        "/admin/insights/",
    ):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], (path, wide)


def test_the_keyboard_comes_to_everything_and_one_sees_where_it_is(
    as_moderator: AsModerator, api: Callable[[str], Api], group: Group
) -> None:
    """In the order of the page: the way to the content, sections, filters, the list."""
    sent(api, group, "Reached with keys?")
    page = as_moderator("/admin/chat/message/")
    page.goto("/admin/chat/message/?q=Reached with keys")
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        if name == "body":
            break
        assert outline or name.startswith("input:date"), name
        names.append(name)
    order = ["Skip to main content", "Log out", "Messages", "Insights", "Home", "q", "Find",
             "Clear", "action", "Reached with keys?"]  # fmt: skip
    places = [next(at for at, name in enumerate(names) if name.endswith(each)) for each in order]
    assert places == sorted(places), names


#: What has the focus, and whether an outline shows it.
FOCUSED = """() => {
  const one = document.activeElement;
  const name = one.name || one.textContent.trim().replace(/\\s+/g, " ");
  if (one === document.body) return ["body", true];
  const outline = getComputedStyle(one).outlineStyle;
  return [`${one.localName}:${one.type ?? ""} ${name}`, outline !== "none"];
}"""
