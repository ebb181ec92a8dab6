"""Tencent's two web SDKs, unmodified, against a running Seenby, and the same facts natively."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.clients.flows import Flow
from tests.clients.server import DATABASES, Seenby, Server, running_seenby

SDKS = {
    "@tencentcloud/chat": ("TencentCloudChat", "index.js"),
    "tim-js-sdk": ("TIM", "tim-js.js"),
}
_numbers = count(1)


@pytest.fixture(scope="module", params=DATABASES)
def seenby(request: pytest.FixtureRequest, site: str) -> Iterator[Seenby]:
    with running_seenby(request.param, CORS_ALLOWED_ORIGINS=site) as running:
        yield running


@pytest.fixture
def room(seenby: Seenby) -> str:
    """A group of alice, bob and carol, who are new in each test."""
    number = next(_numbers)
    for name in ("alice", "bob", "carol"):
        person = {"username": f"{name}{number}", "display_name": name.title()}
        seenby.native("POST", "/users/", person)
    body = {
        "kind": "group", "external_id": f"room-{number}", "title": "Room",
        "owner": f"alice{number}", "participants": [f"bob{number}", f"carol{number}"],
    }  # fmt: skip
    seenby.native("POST", "/conversations/", body)
    return f"room-{number}"


class Person:
    """Somebody with an SDK: ``alice("send", to=…)`` is what her app calls."""

    def __init__(self, flow: Flow, name: str) -> None:
        self.flow, self.name = flow, name
        flow.said("ready")

    def __call__(self, order: str, **value: Any) -> Any:
        self.flow.tell(order, value)
        return self.flow.said(f"{order} done")

    def heard(self, event: str) -> Any:
        """The next event of this kind."""
        return self.flow.said(event)


Start = Callable[..., Person]


@pytest.fixture(params=[*SDKS, "@tencentcloud/chat in Chromium"])
def start(
    request: pytest.FixtureRequest, seenby: Seenby, room: str, on_node: Any, site: str
) -> Start:
    """``start("alice")`` logs her in; ``at`` is another server of the same database."""
    number = room.removeprefix("room-")
    sdk, _, browser = request.param.partition(" in ")

    def start(who: str, at: Server | None = None) -> Person:
        name = f"{who}{number}"
        its_global, file = SDKS[sdk]
        asked = {
            "step": "be", "sdk": sdk, "itsGlobal": its_global, "who": name,
            "token": seenby.token(name), "url": (at or seenby.first).address, "page": site,
        }  # fmt: skip
        if browser:
            script = f"tencent/node_modules/{sdk}/{file}"
            flow = request.getfixturevalue("in_page")(script, "tencent/flow.cjs", **asked)
        else:
            flow = on_node("tencent/flow.cjs", **asked)
        return Person(flow, name)

    return start


def status_of(seenby: Seenby, person: Person, conversation: int) -> tuple[int, int, int]:
    """Recipients, deliveries and reads of the newest message, as the native API tells them."""
    token = seenby.token(person.name)
    path = f"/conversations/{conversation}/messages/"
    newest = seenby.native("GET", path, token=token)["results"][0]["receipts"]
    return newest["total_recipients"], newest["delivered_count"], newest["read_count"]


def newest_conversation(seenby: Seenby, person: Person) -> int:
    token = seenby.token(person.name)
    found: int = seenby.native("GET", "/conversations/", token=token)["results"][0]["id"]
    return found


def test_one_to_one(seenby: Seenby, start: Start) -> None:
    """Sent, received under the same id, read by a receipt, and the conversation is read."""
    alice, bob = start("alice"), start("bob")
    sent = alice("send", to=bob.name, text="Good morning")
    received = bob.heard("message")
    assert (received["id"], received["text"]) == (sent["id"], "Good morning")
    assert received["needReadReceipt"] is True
    bob("read", ids=[received["id"]])
    receipt = alice.heard("receipt")
    assert (receipt["messageID"], receipt["userID"]) == (sent["id"], bob.name)
    assert receipt["isPeerRead"] is True
    bob("readAll", conversation=f"C2C{alice.name}")
    assert alice.heard("read by peer") == sent["id"]
    assert status_of(seenby, alice, newest_conversation(seenby, alice)) == (1, 1, 1)


def test_a_conversation_is_read_without_receipts_of_messages(seenby: Seenby, start: Start) -> None:
    alice, bob = start("alice"), start("bob")
    sent = alice("send", to=bob.name, text="Good morning", needReadReceipt=False)
    assert bob.heard("message")["needReadReceipt"] is False
    bob("readAll", conversation=f"C2C{alice.name}")
    assert alice.heard("read by peer") == sent["id"]
    assert status_of(seenby, alice, newest_conversation(seenby, alice)) == (1, 1, 1)


def test_a_group(seenby: Seenby, start: Start, room: str) -> None:
    """Sent, received, read, and counted: pushed, fetched and listed."""
    alice, bob = start("alice"), start("bob")
    assert [each[:2] for each in alice("groups")] == [[room, "Room"]]
    sent = alice("send", group=room, text="Please read")
    received = bob.heard("message")
    assert (received["id"], received["conversation"]) == (sent["id"], f"GROUP{room}")
    bob("read", ids=[received["id"]])
    while (receipt := alice.heard("receipt"))["readCount"] == 0:  # it was delivered before
        pass
    assert (receipt["messageID"], receipt["groupID"]) == (sent["id"], room)
    assert (receipt["readCount"], receipt["unreadCount"]) == (1, 1)
    assert alice("counts", ids=[sent["id"]]) == [[1, 1]]
    assert alice("readers", id=sent["id"]) == {"users": [bob.name], "isCompleted": True}
    unread = alice("readers", id=sent["id"], filter=1)
    assert [name[:5] for name in unread["users"]] == ["carol"]
    assert status_of(seenby, alice, newest_conversation(seenby, alice)) == (2, 1, 1)


def test_a_private_reader_reads_nothing_for_others(seenby: Seenby, start: Start, room: str) -> None:
    """Rule 13: what was read privately has been delivered, here and natively."""
    alice, bob = start("alice"), start("bob")
    seenby.native("PATCH", f"/users/{bob.name}/", {"read_receipts_enabled": False})
    sent = alice("send", group=room, text="Please read")
    bob("read", ids=[bob.heard("message")["id"]])
    assert alice.heard("receipt")["readCount"] == 0
    assert alice("counts", ids=[sent["id"]]) == [[0, 2]]
    assert alice("readers", id=sent["id"])["users"] == []
    assert status_of(seenby, alice, newest_conversation(seenby, alice)) == (2, 1, 0)


def test_people_at_two_servers(seenby: Seenby, start: Start, room: str) -> None:
    alice, bob = start("alice"), start("bob", at=seenby.second)
    sent = alice("send", group=room, text="Please read")
    bob("read", ids=[bob.heard("message")["id"]])
    while (receipt := alice.heard("receipt"))["readCount"] == 0:
        pass
    assert receipt["messageID"] == sent["id"]


def test_a_killed_server_loses_nothing(seenby: Seenby, start: Start, room: str) -> None:
    """Read meanwhile at another server, told when the first is back; what waits is sent once."""
    alice, bob = start("alice"), start("bob", at=seenby.second)
    sent = alice("send", group=room, text="before")
    received = bob.heard("message")
    seenby.kill()
    bob("read", ids=[received["id"]])
    alice.flow.tell("send", {"group": room, "text": "waiting"})
    seenby.start()
    while (receipt := alice.heard("receipt"))["readCount"] == 0:
        pass
    assert receipt["messageID"] == sent["id"]
    again = alice.flow.said("send done")
    assert bob.heard("message")["id"] == again["id"]
    token = seenby.token(bob.name)
    path = f"/conversations/{newest_conversation(seenby, bob)}/messages/"
    bodies = [each["body"] for each in seenby.native("GET", path, token=token)["results"]]
    assert bodies == ["waiting", "before"]


def test_messages_of_native_clients_come_and_go(seenby: Seenby, start: Start, room: str) -> None:
    """Sent, edited and deleted by the native API; and read here."""
    bob = start("bob")
    token = seenby.token(f"alice{room.removeprefix('room-')}")
    conversation = newest_conversation(seenby, bob)
    path = f"/conversations/{conversation}/messages/"
    sent = seenby.native("POST", path, {"body": "tea?"}, token=token)
    received = bob.heard("message")
    assert received["text"] == "tea?"
    seenby.native("PATCH", f"/messages/{sent['id']}/", {"body": "cake?"}, token=token)
    assert bob.heard("modified") == {**received, "text": "cake?"}
    bob("readAll", conversation=f"GROUP{room}")
    assert seenby.native("GET", f"/messages/{sent['id']}/status/", token=token)["read_count"] == 1
    seenby.native("DELETE", f"/messages/{sent['id']}/", token=token)
    assert bob.heard("revoked") == received["id"]


def test_a_message_is_taken_back(seenby: Seenby, start: Start, room: str) -> None:
    alice, bob = start("alice"), start("bob")
    for where in ({"group": room}, {"to": bob.name}):
        sent = alice("send", text="oops", **where)
        assert bob.heard("message")["id"] == sent["id"]
        alice("revoke", id=sent["id"])
        assert bob.heard("revoked") == sent["id"]
    token = seenby.token(alice.name)
    for each in seenby.native("GET", "/conversations/", token=token)["results"]:
        assert each["last_message"]["deleted_at"] is not None


def test_what_cannot_be_sent_is_an_error(start: Start) -> None:
    alice, bob = start("alice"), start("bob")
    alice.flow.tell("custom", {"to": bob.name})
    assert alice.flow.said("custom failed")["code"] == 10004
