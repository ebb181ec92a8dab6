"""The client against a live service: from Node, and in Chromium from another origin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.clients.flows import Flow
from tests.clients.server import DATABASES, Seenby

FLOW = "seenby/flow.cjs"
Start = Callable[..., Flow]
#: Milliseconds that a flow waits: its server is started again meanwhile.
PATIENCE_MS = 50_000
pytestmark = pytest.mark.parametrize("seenby", DATABASES, indirect=True)


@pytest.fixture(params=["on_node", "in_page"])
def start(request: pytest.FixtureRequest) -> Start:
    started: Start = request.getfixturevalue(request.param)
    return partial(started, FLOW, limitMs=PATIENCE_MS)


@pytest.fixture
def pair(seenby: Seenby) -> str:
    """The address of the messages of alice and bob."""
    body = {"members": ["alice", "bob"]}
    pk = seenby.native("PUT", "/conversations/by-members/", body)["id"]
    return f"/conversations/{pk}/messages/"


def test_marks_and_ticks_over_a_service_that_goes_and_comes(
    seenby: Seenby, pair: str, start: Start
) -> None:
    """One stream, one request for all ticks, one for all marks; what waits is sent later."""
    sent: list[Any] = [
        seenby.native("POST", pair, {"sender": "alice", "body": "hello"})["id"] for _ in range(3)
    ]
    named = {"sender": "alice", "body": "tea?", "external_id": f"tea, {sent[0]}/1"}
    seenby.native("POST", pair, named)
    tokens = {"alice": seenby.token("alice"), "bob": seenby.token("bob")}
    messages = [*sent, f"ext:{named['external_id']}"]
    flow = start(step="marks", url=seenby.address, messages=messages, **tokens)
    flow.said("delivered")
    seenby.kill()
    flow.tell("away")
    assert flow.said("shown") == [{"state": "read", "confirmed": False}] * 4
    assert flow.said("tried") == 4
    seenby.start()
    assert flow.result() == [{"state": "read", "confirmed": True}] * 4
    assert flow.stray() == []


def test_the_feed_misses_nothing_and_repeats_nothing(
    seenby: Seenby, pair: str, start: Start
) -> None:
    flow = start(step="feed", url=seenby.address, alice=seenby.token("alice"))
    flow.said("reload")
    flow.tell("expected", ["before", "meanwhile", "after"])
    seenby.native("POST", pair, {"sender": "bob", "body": "before"})
    assert flow.said("heard") == "before"
    elsewhere = seenby.second
    seenby.kill()
    seenby.native("POST", pair, {"sender": "bob", "body": "meanwhile"}, at=elsewhere)
    seenby.start()
    assert flow.said("heard") == "meanwhile"
    seenby.native("POST", pair, {"sender": "bob", "body": "after"})
    assert flow.result() == {"bodies": ["before", "meanwhile", "after"], "untaken": []}
    assert flow.stray() == []


def test_errors_can_be_read_and_a_token_is_renewed(seenby: Seenby, pair: str, start: Start) -> None:
    """In a page of another origin as on Node."""
    message = seenby.native("POST", pair, {"sender": "bob", "body": "hello"})["id"]
    asked = {"url": seenby.address, "alice": seenby.token("alice"), "message": message}
    assert start(step="errors", **asked).result() == {
        "me": "alice",
        "asked": 2,
        "refused": [True, 403, "permission_denied"],
        "invalid": [400, ["receipts"]],
    }


def test_an_eventsource_of_another_origin_follows_with_tickets(
    seenby: Seenby, pair: str, in_page: Start
) -> None:
    """It reconnects by itself with the ticket that it has used, and closes; a new one goes on."""
    flow = in_page(
        FLOW, limitMs=PATIENCE_MS, step="tickets", url=seenby.address, alice=seenby.token("alice")
    )
    flow.said("open")
    seenby.native("POST", pair, {"sender": "bob", "body": "before"})
    flow.said("heard")
    elsewhere = seenby.second
    seenby.kill()
    seenby.native("POST", pair, {"sender": "bob", "body": "meanwhile"}, at=elsewhere)
    seenby.start()
    assert flow.result() == "both"
    assert flow.stray() == []
