"""A server process gives back what bad requests took."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from chat.models import Conversation, User
from tests.support.listening import PATIENCE
from tests.support.live import Serve, Server

pytestmark = pytest.mark.django_db(transaction=True)

MOST = 30_000_000
NUMBERS = {"kind": "group", "participants": [1] * 400_000}
#: Small items, each wrong in another way than the last.
ITEMS = {"receipts": [{"a": 1, "state": n} for n in range(999)]}


def post(server: Server, key: str, path: str, body: Any, times: int) -> None:
    client = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    content = json.dumps(body, separators=(",", ":"))
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for _ in range(times):
        client.request("POST", f"/api/v1{path}", content, headers)
        client.getresponse().read()
    client.close()


@pytest.mark.parametrize(
    ("path", "body", "times"),
    [("/conversations/", NUMBERS, 4), ("/receipts/", ITEMS, 150)],
    ids=["long lists", "batches"],
)
def test_bad_requests_leave_no_memory_behind(
    database: str,
    serve: Serve,
    group: Conversation,
    alice: User,
    service_key: str,
    path: str,
    body: Any,
    times: int,
) -> None:
    """The process stays within 30 MB of what it had after the first ones."""
    server = serve()
    post(server, service_key, path, body, 2)
    before = server.memory()
    post(server, service_key, path, body, times)
    assert server.memory() - before <= MOST
