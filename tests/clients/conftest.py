"""What starts flows: on Node, or in pages of a site that is another origin than Seenby's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.server import running_demo
from tests.clients.flows import Flow
from tests.clients.node import running_on_node
from tests.clients.pages import quiet_chromium, running_in_page, served

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The origin at which this folder is served, with the SDKs that are installed in it."""
    with served(HERE) as origin:
        yield origin


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with quiet_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """The address of a running demo."""
    with running_demo() as running:
        yield running.address


@pytest.fixture
def on_node() -> Iterator[Callable[..., Flow]]:
    """``on_node("easemob/flow.cjs", step="send", …)`` starts a flow; it is ended with the test."""
    with ExitStack() as running:

        def start(script: str, **options: Any) -> Flow:
            return running.enter_context(running_on_node(HERE / script, **options))

        yield start


@pytest.fixture
def in_page(chromium: Browser, site: str) -> Iterator[Callable[..., Flow]]:
    """``in_page("easemob/node_modules/…/sdk.js", "easemob/flow.cjs", step="send", …)``.

    ``at`` names another origin of the site.
    """
    with ExitStack() as running:

        def start(*scripts: str, at: str = site, **options: Any) -> Flow:
            paths = [f"/{script}" for script in scripts]
            return running.enter_context(running_in_page(chromium, at, paths, **options))

        yield start
