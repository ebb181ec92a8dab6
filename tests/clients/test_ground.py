"""The ground that all flows stand on: servers that come and go, flows on Node and in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import URLError

import pytest

from tests.clients.flows import Flow
from tests.clients.server import DATABASES, Seenby, running_seenby

FLOW = "ground.cjs"
Start = Callable[..., Flow]


@pytest.fixture(scope="module", params=DATABASES)
def seenby(request: pytest.FixtureRequest, site: str) -> Iterator[Seenby]:
    with running_seenby(request.param, CORS_ALLOWED_ORIGINS=site) as running:
        for name in ("alice", "bob"):
            running.native("POST", "/users/", {"username": name})
        yield running


@pytest.fixture(params=["on_node", "in_page"])
def start(request: pytest.FixtureRequest) -> Start:
    started: Start = request.getfixturevalue(request.param)
    return started


@pytest.fixture
def conversation(seenby: Seenby) -> int:
    body = {"kind": "group", "owner": "alice", "participants": ["bob"]}
    pk: int = seenby.native("POST", "/conversations/", body)["id"]
    return pk


def test_two_servers_share_a_database(seenby: Seenby, conversation: int) -> None:
    """What one is told the other knows; when one is killed, the other answers; both come back."""
    path = f"/conversations/{conversation}/messages/"
    bob = seenby.token("bob")
    assert seenby.address != seenby.second.address
    sent = seenby.native("POST", path, {"body": "hello"}, token=bob)
    assert seenby.native("GET", path, at=seenby.second)["results"][0]["id"] == sent["id"]
    seenby.kill()
    with pytest.raises(URLError):
        seenby.native("GET", path)
    later = seenby.native("POST", path, {"body": "later"}, token=bob, at=seenby.second)
    address = seenby.address
    seenby.start()
    assert seenby.address == address
    assert seenby.native("GET", path, token=bob)["results"][0]["id"] == later["id"]


def test_a_flow_outlives_its_server(seenby: Seenby, conversation: int, start: Start) -> None:
    """It is killed; what happens meanwhile elsewhere is told when it is back."""
    path = f"/conversations/{conversation}/messages/"
    flow = start(FLOW, step="outlive", url=seenby.address, token=seenby.token("alice"))
    flow.said("following")
    flow.tell("expected", ["before", "meanwhile"])
    seenby.native("POST", path, {"body": "before"}, token=seenby.token("bob"))
    assert flow.said("heard") == "before"
    elsewhere, bob = seenby.second, seenby.token("bob")
    seenby.kill()
    seenby.native("POST", path, {"body": "meanwhile"}, token=bob, at=elsewhere)
    seenby.start()
    assert flow.result() == ["before", "meanwhile"]
    assert flow.stray() == []


def test_a_page_calls_from_a_listed_origin(seenby: Seenby, in_page: Start, site: str) -> None:
    """CORS_ALLOWED_ORIGINS: a browser lets the page call and read what is exposed."""
    asked = {"step": "me", "url": seenby.address, "token": seenby.token("bob")}
    assert in_page(FLOW, **asked).result() == {"username": "bob", "requestId": True}
    other = site.replace("127.0.0.1", "localhost")
    assert "Failed to fetch" in in_page(FLOW, at=other, **asked).failure()["message"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("vain", "waited in vain for a call among calls: []"),
        ("unequal", 'the pair: {"a":[2],"b":1} is not {"a":[3],"b":1}'),
    ],
)
def test_a_flow_says_what_went_wrong(start: Start, how: str, said: str) -> None:
    assert said in start(FLOW, step="fail", how=how, limitMs=50).failure()["message"]


def test_errors_that_nobody_catches_are_told(start: Start) -> None:
    flow: Any = start(FLOW, step="fail", how="stray")
    assert flow.result() == "done"
    [stray] = flow.stray()
    assert "nobody caught this" in stray
