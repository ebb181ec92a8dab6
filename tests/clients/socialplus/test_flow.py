"""social.plus's SDK 6.35.3 under Node against a running Seenby, and the same facts natively."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.server import DATABASES, Seenby, running_seenby

HERE = Path(__file__).parent
FEED = "maths/hello"
READERS = ("bob", "carol", "erin")


@pytest.fixture(scope="module")
def node() -> str:
    """Node with the SDK; without them nothing has been tried, so it is a failure."""
    found = shutil.which("node")
    assert found, "Install Node.js 18 or later: https://nodejs.org/"
    missing = f"Install the SDK: npm ci --prefix {HERE.relative_to(HERE.parents[2])}"
    assert (HERE / "node_modules" / "@amityco" / "ts-sdk").is_dir(), missing
    return found


@pytest.fixture(scope="module", params=DATABASES)
def seenby(request: pytest.FixtureRequest) -> Iterator[Seenby]:
    """alice owns a group of which bob, carol and erin are members."""
    with running_seenby(request.param) as running:
        for name in ("alice", *READERS, "dave"):
            running.native("POST", "/users/", {"username": name})
        group = {"kind": "group", "external_id": FEED, "owner": "alice", "participants": READERS}
        running.native("POST", "/conversations/", group)
        yield running


@pytest.fixture
def client(node: str, seenby: Seenby) -> Callable[..., Any]:
    """``client("bob", "read", id=…)``: what his SDK makes of it; he logs in by his own token."""

    def visit(who: str, step: str, *, fails: bool = False, **query: Any) -> Any:
        login = {"url": seenby.address, "apiKey": "public", "userId": who}
        login |= {"authToken": seenby.token(who)} if "apiKey" not in query else {}
        given = json.dumps({**login, **query})
        done = subprocess.run(
            [node, "flow.cjs", step, given], cwd=HERE, capture_output=True, text=True, timeout=90
        )
        [said] = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")] or [""]
        assert said, done.stdout + done.stderr
        result = json.loads(said.removeprefix("RESULT "))
        assert ("failed" in result) == fails, result
        return result["failed" if fails else "done"]

    return visit


def receipts(seenby: Seenby, message: str) -> tuple[int, int]:
    """Reads and deliveries, as the native API tells the sender."""
    told = seenby.native("GET", f"/messages/{message}/status/", token=seenby.token("alice"))
    return told["read_count"], told["delivered_count"]


def test_a_backend_logs_people_in_by_its_key(client: Any, seenby: Seenby) -> None:
    assert client("frank", "login", apiKey=seenby.key, displayName="Frank") == {"user": "frank"}
    assert seenby.native("GET", "/users/frank/")["display_name"] == "Frank"


def test_nobody_logs_in_as_somebody_else(client: Any, seenby: Seenby) -> None:
    refused = client("alice", "login", fails=True, apiKey="public")
    assert refused["code"] == 400100
    stolen = client("alice", "login", fails=True, authToken=seenby.token("bob"))
    assert stolen["code"] == 400301


def test_what_is_sent_is_read_and_counted(client: Any, seenby: Seenby) -> None:
    """Send, deliver, read, who did, and the counts that the client itself shows."""
    first, second, third = client("alice", "send", feed=FEED, texts=["one", "two", "three"])
    assert first["segment"] < second["segment"] < third["segment"]
    assert (first["text"], first["creator"]) == ("one", "alice")

    assert client("bob", "deliver", feed=FEED, id=second["id"]) is True
    assert [receipts(seenby, each["id"]) for each in (first, second, third)] == [
        (0, 1), (0, 1), (0, 0),
    ]  # fmt: skip
    assert client("carol", "read", id=second["id"]) == 200
    assert client("erin", "readChannel", feed=FEED) is True
    expected = [(2, 3), (2, 3), (1, 1)]
    assert [receipts(seenby, each["id"]) for each in (first, second, third)] == expected

    counted = client("alice", "counts", feed=FEED, id=second["id"], read=2, delivered=3)
    assert (counted["read"], counted["delivered"]) == (2, 3)
    readers = client("alice", "readUsers", messageId=second["id"], page={"limit": 1})
    assert readers == [["carol"], ["erin"]]
    got = client("alice", "deliveredUsers", messageId=second["id"], memberships=["member"])
    assert got == [["bob", "carol", "erin"]]
    rows = seenby.native("GET", f"/messages/{second['id']}/recipients/")["results"]
    assert {row["user"]: row["state"] for row in rows} == {
        "bob": "delivered", "carol": "read", "erin": "read",
    }  # fmt: skip


def test_a_private_read_is_a_delivery_in_the_client_too(client: Any, seenby: Seenby) -> None:
    [sent] = client("alice", "send", feed=FEED, texts=["psst"])
    off = {"read_receipts_enabled": False}
    seenby.native("PATCH", "/users/bob/", off)
    assert client("bob", "read", id=sent["id"]) == 200
    seenby.native("PATCH", "/users/bob/", {"read_receipts_enabled": True})
    assert receipts(seenby, sent["id"]) == (0, 1)
    assert client("alice", "readUsers", messageId=sent["id"]) == [[]]
    assert client("alice", "deliveredUsers", messageId=sent["id"]) == [["bob"]]
    assert (
        client("alice", "counts", feed=FEED, id=sent["id"], read=0, delivered=1)["delivered"] == 1
    )


def test_a_feed_is_listed_page_by_page(client: Any, seenby: Seenby) -> None:
    *_, sent = client("carol", "send", feed=FEED, texts=["one", "two", "three", "soon gone"])
    assert client("carol", "remove", id=sent["id"])["deleted"] is True
    found = client("alice", "list", feed=FEED, limit=2, sortBy="segmentDesc")
    group = next(each for each in seenby.native("GET", "/conversations/")["results"])
    native = seenby.native("GET", f"/conversations/{group['id']}/messages/")["results"]
    left = [str(message["id"]) for message in native if not message["deleted_at"]]
    assert [message["id"] for message in found["messages"]] == left
    assert len(found["sizes"]) > 1
    assert sent["id"] not in left


def test_a_message_is_edited_by_its_sender_alone(client: Any, seenby: Seenby) -> None:
    """The client shows the new text, and when it was changed."""
    [sent] = client("alice", "send", feed=FEED, texts=["tea?"])
    assert sent["edited"] is None
    edited = client("alice", "edit", id=sent["id"], text="cake?")
    native = seenby.native("GET", f"/messages/{sent['id']}/")
    assert edited["text"] == native["body"] == "cake?"
    assert edited["edited"] == native["edited_at"] is not None
    assert client("bob", "edit", fails=True, id=sent["id"], text="mine")["code"] == 400301


def test_refusals_arrive_as_errors_with_a_code(client: Any) -> None:
    [sent] = client("alice", "send", feed=FEED, texts=["mine"])
    assert client("bob", "readUsers", fails=True, messageId=sent["id"])["code"] == 400301
    assert client("dave", "readUsers", fails=True, messageId=sent["id"])["code"] == 400400
    assert client("dave", "send", fails=True, feed=FEED, texts=["hi"])["code"] == 400400
    assert client("alice", "send", fails=True, feed=FEED, texts=[""])["code"] == 400000
