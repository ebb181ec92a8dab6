"""The Chromium of this machine; none is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: A browser that is root needs the first; the others keep it from calling its makers.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-lcd-text",  # pictures are for all kinds of screens
]


class NoChromium(RuntimeError):
    """There is none; the message says what to do."""


def find_chromium() -> str:
    """$CHROMIUM, or what goes by one of its names."""
    if named := os.environ.get("CHROMIUM"):
        if found := shutil.which(named):
            return found
        raise NoChromium(f"CHROMIUM={named} is no program.")
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise NoChromium(
        f"No Chromium found (looked for {', '.join(NAMES)}): apt-get install chromium,"
        " or name one with CHROMIUM=..."
    )


@contextmanager
def running_chromium(*more: str) -> Iterator[Browser]:
    """Start the browser, without a window; ``more`` are further options."""
    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*OPTIONS, *more])
        try:
            yield browser
        finally:
            browser.close()
