"""The chat stands in the order of time, also where a message arrives late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Group, bubble

AsPerson = Callable[..., Page]
TIMES = [
    "2026-01-05T12:00:00Z",
    "2026-01-05T12:00:00.000001Z",
    "2026-01-05T12:00:00.5Z",
    "2026-01-05T12:00:00.500001Z",
    "2026-01-05T12:00:01Z",
    "2026-01-05T12:00:01Z",
]


def test_a_late_message_stands_where_it_belongs_and_is_read(
    as_person: AsPerson, api: Any, bridge: Any, group: Group
) -> None:
    """While the conversation is open: above the others, and the badge goes."""
    bob = as_person("bob")
    path = f"/conversations/{group.pk}/messages/"
    for body in ("One", "Two"):
        api("alice").post(path, {"body": body})
    with bob.expect_response("**/mark-read/"):  # of these two, so that the next one is of the third
        group.open(bob)
    expect(bubble(bob, "Two")).to_be_visible()
    expect(group.badge(bob)).to_have_count(0)
    late = {"sender": "carol", "body": "Late", "sent_at": "2023-01-05T12:00:00Z"}
    with bob.expect_response("**/mark-read/"):
        bridge.post(path, late)
    expect(bob.locator("#bubbles .bubble .text")).to_have_text(["Late", "One", "Two"])
    expect(group.badge(bob)).to_have_count(0)
    assert bridge.get(f"/conversations/{group.pk}/")["last_message"]["body"] == "Two"
    message = bridge.get(path)["results"][-1]
    assert (message["body"], message["receipts"]["read_count"]) == ("Late", 1)


def test_times_are_compared_to_the_microsecond(as_person: AsPerson) -> None:
    """The service omits what is 0; messages of one moment stand by their ids."""
    placed = as_person("bob").evaluate(
        """async (times) => {
             const { byTime } = await import("/static/demo/times.js");
             const messages = times.map((created_at, id) => ({ id, created_at }));
             return messages.reverse().sort(byTime).map((each) => each.id);
           }""",
        TIMES,
    )
    assert placed == list(range(len(TIMES)))
