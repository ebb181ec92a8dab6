"""Two people chat, and the ticks tell how far each message has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Group, bubble, say, ticks

BLUE = "rgb(10, 116, 234)"
GREY = "rgb(108, 129, 119)"
AsPerson = Callable[..., Page]


def expect_ticks(page: Page, body: str, standing: str, words: str, colour: str = GREY) -> None:
    mark = ticks(page, body)
    expect(mark).to_have_attribute("data-ticks", standing)
    expect(mark).to_have_attribute("aria-label", words)
    expect(mark).to_have_css("color", colour)


def switch(page: Page, name: str, *, on: bool) -> None:
    """Set a privacy switch, and wait until the service has it: a window that closes takes it back.

    The page shows it before.
    """
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("switch", name=name).set_checked(on)


def test_two_people_chat_and_the_ticks_turn_blue(as_person: AsPerson, api: Any) -> None:
    """One: sent. Two: it has reached his device. Blue: he has read it."""
    pair = {"kind": "direct", "participants": ["frank"]}
    api("dave").post("/conversations/", pair)
    dave = as_person("dave")
    dave.get_by_role("link", name="Frank Weiss").click()
    say(dave, "Shall I fetch you?")
    expect_ticks(dave, "Shall I fetch you?", "sent", "Sent")
    frank = as_person("frank")
    expect_ticks(dave, "Shall I fetch you?", "delivered", "Delivered")
    frank.get_by_role("link", name="Dave Petrov").click()
    expect(bubble(frank, "Shall I fetch you?")).to_be_visible()
    expect_ticks(dave, "Shall I fetch you?", "read", "Read", BLUE)
    say(frank, "Yes please, at noon.")
    expect(bubble(dave, "Yes please, at noon.")).to_be_visible()
    expect_ticks(frank, "Yes please, at noon.", "read", "Read", BLUE)


def test_in_a_group_the_ticks_wait_for_all(as_person: AsPerson, api: Any, group: Group) -> None:
    alice = as_person("alice")
    group.open(alice)
    say(alice, "Who has the key?")
    expect_ticks(alice, "Who has the key?", "sent", "Sent")
    api("bob").post(f"/conversations/{group.pk}/mark-delivered/")
    expect_ticks(alice, "Who has the key?", "partial", "Delivered to 1 of 2")
    api("carol").post(f"/conversations/{group.pk}/mark-delivered/")
    expect_ticks(alice, "Who has the key?", "delivered", "Delivered to all")
    api("bob").post(f"/conversations/{group.pk}/mark-read/")
    expect_ticks(alice, "Who has the key?", "delivered", "Read by 1 of 2")
    api("carol").post(f"/conversations/{group.pk}/mark-read/")
    expect_ticks(alice, "Who has the key?", "read", "Read by all", BLUE)


def test_a_private_read_keeps_the_ticks_grey(as_person: AsPerson, group: Group) -> None:
    """Rule 13: with read receipts off the badge goes, and nobody else is told."""
    alice, bob, carol = as_person("alice"), as_person("bob"), as_person("carol")
    group.open(alice)
    group.open(carol)
    switch(bob, "Read receipts", on=False)
    expect(bob.get_by_text("Senders do not see when you read their messages.")).to_be_visible()
    try:
        say(alice, "Who has read this?")
        expect(group.badge(bob)).to_have_text("1")
        with bob.expect_response("**/mark-read/"):
            group.open(bob)
        expect(group.badge(bob)).to_have_count(0)
        say(carol, "I have.")  # nobody is told of bob's mark, so this is what alice hears of next
        expect(bubble(alice, "I have.")).to_be_visible()
        expect_ticks(alice, "Who has read this?", "delivered", "Read by 1 of 2")
    finally:
        switch(bob, "Read receipts", on=True)
        expect(bob.get_by_text("Senders see when you have read")).to_be_visible()


def test_a_private_delivery_leaves_one_tick_until_an_open_read(
    as_person: AsPerson, group: Group
) -> None:
    """Rule 13: with delivery receipts off nobody sees that a message has arrived."""
    alice, bob = as_person("alice"), as_person("bob")
    group.open(alice)
    switch(bob, "Delivery receipts", on=False)
    expect(bob.get_by_text("Senders see nothing until you read openly.")).to_be_visible()
    try:
        say(alice, "Has it arrived?")
        expect(group.badge(bob)).to_have_text("1")
        expect_ticks(alice, "Has it arrived?", "sent", "Sent")
        with bob.expect_response("**/mark-read/"):
            group.open(bob)
        expect_ticks(alice, "Has it arrived?", "partial", "Read by 1 of 2")
    finally:
        switch(bob, "Delivery receipts", on=True)
        expect(bob.get_by_text("Senders see when their messages reach you.")).to_be_visible()


def test_what_people_write_is_text(as_person: AsPerson, group: Group) -> None:
    """Neither markup nor script: each window fails the test if a script runs or errs in it."""
    alice, bob = as_person("alice"), as_person("bob")
    group.open(alice)
    group.open(bob)
    say(alice, "<img src=x onerror=console.error(1)><b>bold</b>")
    expect(bubble(bob, "<img src=x onerror=console.error(1)><b>bold</b>")).to_be_visible()
