"""Going offline and coming back: nothing is lost, nothing is said twice, times are true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Group, bubble, say, ticks

AsPerson = Callable[..., Page]


def test_a_read_offline_is_told_with_its_time(as_person: AsPerson, api: Any, group: Group) -> None:
    """Rule 6: alice sees when bob read it, not when he came back."""
    alice, bob = as_person("alice"), as_person("bob")
    group.open(alice)
    say(alice, "Are you on the train?")
    expect(group.badge(bob)).to_have_text("1")
    expect(ticks(alice, "Are you on the train?")).to_have_attribute("data-ticks", "partial")
    bob.get_by_role("switch", name="Online").uncheck()
    expect(bob.get_by_text("You are offline.")).to_be_visible()
    group.open(bob)
    expect(group.badge(bob)).to_have_count(0)
    read_by_now = datetime.now(UTC)
    [message] = api("alice").get(f"/conversations/{group.pk}/messages/")["results"]
    assert message["receipts"]["read_count"] == 0
    bob.get_by_role("button", name="Go online").click()
    expect(bob.get_by_text("You are offline.")).to_be_hidden()
    bubble(alice, "Are you on the train?").locator(".bubble").click()
    read = alice.get_by_role("region", name="Read by").get_by_role("time")
    read_at = datetime.fromisoformat(read.get_attribute("datetime"))
    assert datetime.fromisoformat(message["created_at"]) <= read_at <= read_by_now


def test_a_message_written_offline_is_sent_once(as_person: AsPerson, group: Group) -> None:
    alice, bob = as_person("alice"), as_person("bob")
    group.open(alice)
    group.open(bob)
    bob.get_by_role("switch", name="Online").uncheck()
    say(bob, "From the tunnel")
    expect(ticks(bob, "From the tunnel")).to_have_attribute("aria-label", "Waiting to be sent")
    expect(bubble(alice, "From the tunnel")).to_have_count(0)
    bob.get_by_role("switch", name="Online").check()
    expect(bubble(alice, "From the tunnel")).to_be_visible()
    expect(ticks(bob, "From the tunnel")).to_have_attribute("data-ticks", "partial")
    expect(bubble(alice, "From the tunnel")).to_have_count(1)
    expect(bubble(bob, "From the tunnel")).to_have_count(1)


def test_what_waits_survives_a_reload(as_person: AsPerson, api: Any, group: Group) -> None:
    """A message and a read, with the time at which it was read (rule 6)."""
    api("alice").post(f"/conversations/{group.pk}/messages/", {"body": "Read me offline"})
    alice, bob = as_person("alice"), as_person("bob")
    group.open(alice)
    expect(group.badge(bob)).to_have_text("1")
    bob.get_by_role("switch", name="Online").uncheck()
    group.open(bob)
    expect(group.badge(bob)).to_have_count(0)
    say(bob, "Written before the reload")
    read_by_now = datetime.now(UTC)
    bob.reload()
    expect(bubble(alice, "Written before the reload")).to_have_count(1)
    bubble(alice, "Read me offline").locator(".bubble").click()
    read = alice.get_by_role("region", name="Read by").get_by_role("time")
    assert datetime.fromisoformat(read.get_attribute("datetime")) <= read_by_now


def test_a_message_whose_answer_was_lost_is_sent_once(
    as_person: AsPerson, api: Any, group: Group
) -> None:
    """It goes again by the same ``client_id``."""
    bob = as_person("bob")
    group.open(bob)
    lost = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.fallback()

    bob.route(f"**/conversations/{group.pk}/messages/**", lose_the_answer)
    say(bob, "Can you hear me?")
    expect(ticks(bob, "Can you hear me?")).to_have_attribute("data-ticks", "sent")
    assert lost == [201]
    messages = api("alice").get(f"/conversations/{group.pk}/messages/")["results"]
    assert [each["body"] for each in messages] == ["Can you hear me?"]
    expect(bubble(bob, "Can you hear me?")).to_have_count(1)


def test_a_lost_network_is_noticed_and_got_over(as_person: AsPerson, group: Group) -> None:
    alice, bob = as_person("alice"), as_person("bob")
    group.open(alice)
    group.open(bob)
    bob.context.set_offline(True)
    expect(bob.get_by_text("Reconnecting…")).to_be_visible()
    say(bob, "Into the void")
    bob.context.set_offline(False)
    expect(bob.get_by_text("Reconnecting…")).to_be_hidden()
    expect(bubble(alice, "Into the void")).to_have_count(1)


def test_an_expired_token_is_renewed_in_silence(as_person: AsPerson, group: Group) -> None:
    bob = as_person("bob", forgive="401")
    bob.evaluate("sessionStorage.setItem('seenby:token:bob', 'stale')")
    bob.reload()
    group.open(bob)
    say(bob, "Still me")
    expect(ticks(bob, "Still me")).to_have_attribute("data-ticks", "sent")
    expect(bob.get_by_text("Reconnecting…")).to_be_hidden()
