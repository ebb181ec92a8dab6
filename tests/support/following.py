"""A user who follows the feed in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import User

Follow = Callable[[User | str], Callable[[], list[dict[str, Any]]]]


@pytest.fixture
def follow(api: Any) -> Follow:
    """``heard = follow(alice)``: from now on, ``heard()`` returns the events since last call."""

    def follow(who: User | str) -> Callable[[], list[dict[str, Any]]]:
        call = api(who)
        cursor = call.get("/events/")["cursor"]

        def heard() -> list[dict[str, Any]]:
            nonlocal cursor
            page = call.get(f"/events/?after={cursor}")
            assert not page["more"]
            cursor = page["cursor"]
            return page["results"]

        return heard

    return follow


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in events]
