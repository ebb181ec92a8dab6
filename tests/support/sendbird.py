"""A backend that still uses Sendbird's API, with requests as the SDKs send them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from chat.models import Conversation
from receipts.gateways.sendbird.urls import urlpatterns


class Sendbird:
    """Calls ``/v3/…`` with a service key, and returns the response."""

    def __init__(self, key: str | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Api-Token": key} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call ``path``; ``body`` is sent as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body) if body is not None else ""
        response = self.client.generic(
            method, f"/v3{path}", content, content_type="application/json", headers=self.headers
        )
        assert response.status_code == status, (response.status_code, response.content[:500])
        assert response.headers["Content-Type"] == "application/json"
        return response.json()

    def get(self, path: str, **query: Any) -> Any:
        return self("GET", f"{path}?{urlencode(query)}" if query else path)

    def put(self, path: str, body: Any = None) -> Any:
        return self("PUT", path, body)

    def post(self, path: str, body: Any = None) -> Any:
        return self("POST", path, body)

    def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> int:
        """The code of an error response, which has the vendor's shape and nothing else."""
        answer = self(method, path, body, status)
        assert answer.keys() == {"error", "code", "message"}, answer
        assert answer["error"] is True
        assert isinstance(answer["message"], str)
        assert answer["message"]
        code: int = answer["code"]
        return code

    def channel(self, conversation: Conversation, **query: Any) -> Any:
        """A channel with its receipt maps."""
        shown = {"show_read_receipt": True, "show_delivery_receipt": True}
        return self.get(f"/group_channels/{url_of(conversation)}", **shown, **query)


def url_of(conversation: Conversation) -> str:
    """The channel URL of the tests' conversations, which have no external id."""
    return f"seenby_{conversation.pk}"


def has_read(read_receipt: Mapping[str, int], username: str, message: Mapping[str, Any]) -> bool:
    """The client's own test, as in its source."""
    return read_receipt.get(username, 0) >= message["created_at"]


def routes() -> Iterator[tuple[str, str]]:
    """Every method of every path, with its parameters in braces."""
    for pattern in urlpatterns:
        route = str(pattern.pattern).removeprefix("^v3").removesuffix(r"\Z")
        route = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"{\1}", route)
        route = re.sub(r"\(\?:(\w+)\|\w+\)", r"\1", route)
        for method in ("get", "post", "put", "delete"):
            if hasattr(pattern.callback.cls, method):
                yield method.upper(), route


@pytest.fixture
def sendbird(service_key: str) -> Sendbird:
    return Sendbird(service_key)
