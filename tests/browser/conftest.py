"""One server and one browser for all tests; each person has windows of their own.

Every test makes the conversations it is about, so that none hangs on what another one has read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import NoChromium, find_chromium, running_chromium
from tests.browser.server import Demo, running_demo
from tests.support import ROOT

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=15_000)  # a machine that is shared may be slow


def pytest_sessionstart() -> None:
    """Without a browser nothing can be tested: one line says so, and the run has failed."""
    try:
        find_chromium()
    except NoChromium as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """``demo.address``, ``demo.password``."""
    with running_demo() as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def window(demo: Demo, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``window("/admin/")``: a page in a window that shares nothing with others.

    At the end of the test, whatever went wrong in a window fails it: a script's error, and any
    request to anywhere but our server. ``forgive`` names an error that the test provokes.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_window(path: str, *, forgive: str = "net::ERR_", **options: Any) -> Page:
        options = {"viewport": LAPTOP, "base_url": demo.address, "locale": "en-GB"} | options
        context = chromium.new_context(**options)
        context.set_default_timeout(15_000)
        contexts.append(context)

        def note(what: str) -> None:
            if forgive not in what:
                wrong.append(what)

        def stay_here(request: Any) -> None:
            if urlsplit(request.url).netloc != urlsplit(demo.address).netloc:
                note(f"a request to {request.url}")

        def listen(said: Any) -> None:
            # The admin names no icon, and a browser then asks for one in vain.
            if said.type == "error" and not said.location["url"].endswith("/favicon.ico"):
                note(said.text)

        context.on("request", stay_here)
        context.on("weberror", lambda error: note(f"an error in a script: {error.error}"))
        context.on("console", listen)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def as_person(window: Callable[..., Page]) -> Callable[..., Page]:
    """``as_person("alice")``: her chat, in a window of its own."""

    def open_chat(username: str, **options: Any) -> Page:
        page = window(f"/?as={username}", **options)
        expect(page.get_by_role("switch", name="Read receipts")).to_be_enabled()
        return page

    return open_chat


@pytest.fixture
def as_moderator(window: Callable[..., Page], demo: Demo) -> Callable[..., Page]:
    """``as_moderator("/admin/chat/message/")``: a page of the admin, after logging in there."""

    def log_in(path: str = "/admin/", *, username: str = "moderator", **options: Any) -> Page:
        page = window(f"/admin/login/?next={path}", **options)
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(demo.password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{path}")
        return page

    return log_in


class Api:
    """The public API, for what somebody does without a window."""

    def __init__(self, context: BrowserContext, username: str) -> None:
        self.request = context.request
        self.headers = {}
        token = self("POST", "/demo/token/", {"username": username})["token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.request.fetch(path, method=method, data=body, headers=self.headers)
        assert answer.ok, (method, path, answer.status, answer.text())
        return answer.json() if answer.text() else None

    def get(self, path: str) -> Any:
        return self("GET", f"/api/v1{path}")

    def post(self, path: str, body: Any = None) -> Any:
        return self("POST", f"/api/v1{path}", body or {})


@pytest.fixture
def api(demo: Demo, chromium: Browser) -> Iterator[Callable[[str], Api]]:
    """``api("carol").post("/me/mark-read/")``."""
    context = chromium.new_context(base_url=demo.address)
    yield lambda username: Api(context, username)
    context.close()


def environment_of(demo: Demo) -> dict[str, str]:
    """In which a command works on the demo's database."""
    return os.environ | {
        "DATABASE_URL": demo.database, "DJANGO_SETTINGS_MODULE": "config.settings", "DEMO": "1",
    }  # fmt: skip


@pytest.fixture
def bridge(demo: Demo, api: Callable[[str], Api]) -> Api:
    """The API as a bridge calls it, which hands messages over with their own times."""
    command = [sys.executable, "manage.py", "issue_service_key", "bridge"]
    said = subprocess.check_output(command, cwd=ROOT, env=environment_of(demo), text=True)
    caller = api("alice")
    (key,) = [word for word in said.split() if word.startswith("sk_")]
    caller.headers = {"Authorization": f"Bearer {key}"}
    return caller


@pytest.fixture
def group(api: Callable[[str], Api], request: pytest.FixtureRequest) -> Group:
    """A new group of alice, bob and carol, named like the test."""
    title = request.node.name.removeprefix("test_").replace("_", " ").capitalize()
    body = {"kind": "group", "title": title, "participants": ["bob", "carol"]}
    return Group(api("alice").post("/conversations/", body)["id"], title)


class Group:
    """A conversation, and how to come to it in a window."""

    def __init__(self, pk: int, title: str) -> None:
        self.pk, self.title = pk, title

    def item(self, page: Page) -> Any:
        """Its place in the list."""
        return page.get_by_role("listitem").filter(has_text=self.title)

    def badge(self, page: Page) -> Any:
        """How much is unread in it, where anything is."""
        return self.item(page).locator(".badge")

    def open(self, page: Page) -> None:
        self.item(page).get_by_role("link").click()
        expect(page.get_by_role("heading", name=self.title, level=1)).to_be_visible()


def say(page: Page, body: str) -> None:
    """Write in the open conversation."""
    page.get_by_label("Message", exact=True).fill(body)
    page.get_by_role("button", name="Send").click()


def bubble(page: Page, body: str) -> Any:
    """The message with these words."""
    return page.locator("#bubbles > li").filter(has_text=body)


def ticks(page: Page, body: str) -> Any:
    """The ticks of an own message."""
    return bubble(page, body).locator(".bubble [role=img]")
