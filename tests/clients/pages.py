"""Flows in pages, in a Chromium without a window, from another origin than Seenby's."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as Late

from tests.browser.chromium import running_chromium
from tests.clients.flows import LIMIT, Flow

#: To nobody but this machine: an SDK that calls its vendor finds no such host.
ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


class PageFlow(Flow):
    """What its page writes to the console are its lines."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.lines: deque[str] = deque()
        page.on("console", lambda said: self.lines.append(said.text))

    def tell(self, name: str, value: Any = None) -> None:
        self.page.evaluate("order => common.orders.put(order)", {"name": name, "value": value})

    def _line(self) -> str | None:
        try:
            if not self.lines:
                self.page.wait_for_event("console", timeout=LIMIT * 1000)
        except Late:
            return None
        return self.lines.popleft()


class _Files(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".cjs": "text/javascript"}

    def log_message(self, format: str, *args: Any) -> None:
        """Not to the test's output."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder on a port of their own; the origin of its pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def quiet_chromium() -> Iterator[Browser]:
    """A browser that can reach this machine only."""
    with running_chromium(ONLY_HERE) as browser:
        yield browser


@contextmanager
def running_in_page(
    browser: Browser, site: str, scripts: list[str], **options: Any
) -> Iterator[PageFlow]:
    """Load these scripts of a site, the flow last, in a window that shares nothing with others."""
    context = browser.new_context()
    try:
        page = context.new_page()
        flow = PageFlow(page)
        query = {"scripts": json.dumps(scripts), "options": json.dumps(options)}
        page.goto(f"{site}/page.html?{urlencode(query)}")
        yield flow
    finally:
        context.close()
