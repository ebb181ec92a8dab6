"""The demo's page of this vendor, in Chromium."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.clients.demo_page import talk_both_ways


def test_the_sdk_and_our_chat_talk_to_each_other(chromium: Browser, demo: str) -> None:
    talk_both_ways(chromium, demo, "agora", read="read 1")
