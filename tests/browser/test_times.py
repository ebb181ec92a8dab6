"""Times of the admin: in the zone of the browser, and in UTC where no script runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Api, Group

AsModerator = Callable[..., Page]

AT = "2026-01-05T21:30:00Z"
UTC = "5 Jan 2026, 21:30"


@pytest.fixture
def message(bridge: Api, group: Group) -> str:
    """The admin's page of a message from that time."""
    body = {"sender": "alice", "body": "From last year?", "sent_at": AT}
    sent = bridge.post(f"/conversations/{group.pk}/messages/", body)
    return f"/admin/chat/message/{sent['id']}/change/"


@pytest.mark.parametrize(
    ("zone", "local"),
    [("Asia/Tokyo", "6 Jan 2026, 06:30"), ("America/St_Johns", "5 Jan 2026, 18:00"),
     ("UTC", UTC)],
)  # fmt: skip
def test_times_are_in_the_zone_of_the_browser(
    as_moderator: AsModerator, message: str, zone: str, local: str
) -> None:
    """In one form whatever its language is; the title has UTC."""
    page = as_moderator(message, timezone_id=zone, locale="en-US")
    sent = page.locator(".said header time")
    expect(sent).to_have_text(local)
    expect(sent).to_have_attribute("title", "2026-01-05 21:30:00 UTC")
    expect(page.locator("footer")).to_contain_text(f"your zone, {zone}")
    page.goto("/admin/chat/message/?q=From last year")
    expect(page.locator("#result_list time").last).to_have_text(local)


def test_without_a_script_they_are_in_utc(as_moderator: AsModerator, message: str) -> None:
    page = as_moderator(message, timezone_id="Asia/Tokyo", java_script_enabled=False)
    expect(page.locator(".said header time")).to_have_text(UTC)
    expect(page.locator("footer")).to_contain_text("Times are UTC.")


def test_days_say_that_they_are_of_utc(as_moderator: AsModerator) -> None:
    page = as_moderator("/admin/insights/", timezone_id="Asia/Tokyo")
    expect(page.get_by_label("From (UTC)")).to_be_visible()
    expect(page.get_by_text("(UTC days)")).to_be_visible()
