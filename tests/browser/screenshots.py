"""Takes the pictures of README.md, of the demo's world as it is loaded: `make screenshots`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import django
from playwright.sync_api import Browser, Page, expect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()  # what the tests share imports models

from tests.browser.chromium import NoChromium, running_chromium  # noqa: E402
from tests.browser.conftest import bubble  # noqa: E402
from tests.browser.pictures import save  # noqa: E402
from tests.browser.server import ROOT, Demo, running_demo  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 300_000  # bytes: they lie in the repository
NEWEST = "The figures are in the folder now."


@contextmanager
def window(browser: Browser, demo: Demo, path: str, **options: Any) -> Iterator[Page]:
    """A page, at twice the usual density; of a phone, if it is narrow."""
    usual = {"viewport": {"width": 1240, "height": 720}, "device_scale_factor": 2}
    usual |= {
        "reduced_motion": "reduce",
        "locale": "en-GB",
        "timezone_id": _where_it_is_afternoon(),
    }
    context = browser.new_context(base_url=demo.address, **usual | options)
    try:
        page = context.new_page()
        page.goto(path)
        yield page
    finally:
        context.close()


def _where_it_is_afternoon() -> str:
    """A time zone in which people are about now; east of Greenwich these have a minus."""
    ahead = min(15 - datetime.now(UTC).hour, 14)
    return f"Etc/GMT{-ahead:+d}"


def take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    size = save(page.context.browser, page.screenshot(), PICTURES / name)
    if size > LARGEST:
        raise SystemExit(f"{name} has {size:,} bytes; {LARGEST:,} are allowed.")
    print(f"docs/pictures/{name}  {size:,} bytes")


def chat(browser: Browser, demo: Demo) -> None:
    """The group's newest message, with who has read it."""
    with window(browser, demo, "/?as=alice") as page:
        open_info(page)
        take(page, "chat.png")
    phone = {"viewport": {"width": 390, "height": 760}, "has_touch": True, "is_mobile": True}
    with window(browser, demo, "/?as=alice", color_scheme="dark", **phone) as page:
        open_info(page)
        take(page, "chat-phone.png")


def open_info(page: Page) -> None:
    page.get_by_role("link", name="Thursday meeting").click()
    bubble(page, NEWEST).locator(".bubble").click()
    expect(page.get_by_role("region", name="Read by")).to_contain_text("Bob Okafor")


def admin(browser: Browser, demo: Demo) -> None:
    """The same message as a moderator sees it, and everybody's insights."""
    with window(browser, demo, "/admin/login/?next=/admin/chat/message/") as page:
        page.get_by_label("Username").fill("moderator")
        page.get_by_label("Password").fill(demo.password)
        page.get_by_role("button", name="Log in").click()
        row = page.get_by_role("row").filter(has_text=NEWEST)
        row.get_by_role("rowheader").get_by_role("link").click()
        expect(page.locator("#content")).to_contain_text(NEWEST)
        take(page, "admin-message.png")
        answer = page.goto("/admin/insights/")
        if answer is None or not answer.ok:
            raise SystemExit("/admin/insights/ cannot be shown.")
        take(page, "admin-insights.png")


def main() -> None:
    try:
        with running_chromium() as browser, running_demo() as demo:
            chat(browser, demo)
            admin(browser, demo)
    except NoChromium as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
