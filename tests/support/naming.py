"""A conversation and a message with names: ``tea`` and ``cake-1``."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import User

IN_ROOM = "/conversations/ext:tea"


@pytest.fixture
def tea(api: Any, service_key: str, alice: User, bob: User, carol: User) -> str:
    """The number of a conversation that is named ``tea``; alice is its owner."""
    body = {
        "kind": "group",
        "external_id": "tea",
        "owner": "alice",
        "participants": ["bob", "carol"],
    }
    return str(api(service_key).post("/conversations/", body, 201)["id"])


@pytest.fixture
def cake(api: Any, service_key: str, tea: str) -> dict[str, Any]:
    """Alice's message ``cake-1`` in ``tea``."""
    body = {"sender": "alice", "body": "cake?", "external_id": "cake-1"}
    sent: dict[str, Any] = api(service_key).post(f"{IN_ROOM}/messages/", body, 201)
    return sent
