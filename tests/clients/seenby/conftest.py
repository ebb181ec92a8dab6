"""A Seenby for its own client and element, with a site of another origin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.seenby.site import Site, running_site
from tests.clients.server import Seenby, running_seenby

USERS = ("alice", "bob", "carol")


@pytest.fixture(scope="module")
def shop() -> Iterator[Site]:
    """A site of another origin, with a backend."""
    with running_site() as running:
        yield running


@pytest.fixture(scope="module")
def seenby(request: pytest.FixtureRequest, site: str, shop: Site) -> Iterator[Seenby]:
    """On SQLite, or on what a module parametrizes it with."""
    database = getattr(request, "param", "sqlite")
    allowed = f"{site},{shop.origin}"
    with running_seenby(database, CORS_ALLOWED_ORIGINS=allowed) as running:
        for name in USERS:
            running.native("POST", "/users/", {"username": name, "display_name": name.title()})
        yield running
