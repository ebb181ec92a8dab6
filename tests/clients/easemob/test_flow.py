"""Easemob's web SDK, unmodified, on Node and in Chromium, and the same facts natively.

Each person is a flow of their own that the test tells what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.flows import Flow
from tests.clients.server import DATABASES, Seenby, Server, running_seenby

SDK = "easemob/node_modules/easemob-websdk/Easemob-chat.js"
FLOW = "easemob/flow.cjs"
GROUP = "club-1"
READERS = ("bob", "carol")
Told = dict[str, Any]


class Person:
    """Somebody's client."""

    def __init__(self, flow: Flow, name: str) -> None:
        self.flow, self.name = flow, name

    def does(self, what: str, **how: Any) -> Any:
        """What a step gives: of a message its id, or why it was refused."""
        self.flow.tell("do", {"what": what, **how})
        return self.flow.said("did")

    def sends(self, msg: str, **how: Any) -> str:
        """The id of the message."""
        sent = self.does("text", msg=msg, **how)
        assert sent.get("id"), sent
        found: str = sent["id"]
        return found

    def hears(self, kind: str, **expected: Any) -> Told:
        """The next callback, which must be this one."""
        told: Told = self.flow.said("told")
        assert told["kind"] == kind, told
        assert {name: told.get(name) for name in expected} == expected
        return told

    def leaves(self) -> list[str]:
        """All that was called back, at the end."""
        self.flow.tell("do", {"what": "end"})
        found: list[str] = self.flow.result()
        assert self.flow.stray() == []
        return found


@pytest.fixture(scope="module", params=DATABASES)
def seenby(request: pytest.FixtureRequest, site: str) -> Iterator[Seenby]:
    """alice owns a group of which bob and carol are members; only she may ask for receipts."""
    with running_seenby(request.param, CORS_ALLOWED_ORIGINS=site) as running:
        for name in ("alice", *READERS):
            running.native("POST", "/users/", {"username": name})
        group = {"kind": "group", "external_id": GROUP, "owner": "alice", "participants": READERS}
        running.native("POST", "/conversations/", {**group, "receipt_policy": "admins"})
        yield running


@pytest.fixture(params=["on_node", "in_page"])
def visit(request: pytest.FixtureRequest, seenby: Seenby, site: str) -> Callable[..., Person]:
    """``visit("bob")`` logs him in, from a page of another origin."""
    start = request.getfixturevalue(request.param)

    def visit(name: str, device: str | None = None, at: Server | None = None, **how: Any) -> Person:
        options = {
            "step": "visit", "user": name, "url": (at or seenby.first).address, "page": site,
            "device": f"{device or name} {request.node.name}", "token": seenby.token(name), **how,
        }  # fmt: skip
        scripts = [SDK, FLOW] if request.param == "in_page" else [FLOW]
        person = Person(start(*scripts, **options), name)
        person.flow.said("opened")
        return person

    return visit


def states(seenby: Seenby, message: str) -> dict[str, str]:
    """Who has got or read a message, as the native API tells."""
    rows = seenby.native("GET", f"/messages/{message}/recipients/")["results"]
    return {row["user"]: row["state"] for row in rows}


@pytest.fixture
def alone(seenby: Seenby) -> None:
    """Nothing waits for anybody from tests before."""
    for name in ("alice", *READERS):
        seenby.native("POST", "/me/mark-read/", token=seenby.token(name))


pytestmark = pytest.mark.usefixtures("alone")


def test_one_to_one(visit: Any, seenby: Seenby) -> None:
    """Delivered by itself, read of a message, read of everything."""
    alice, bob = visit("alice"), visit("bob")
    sent = alice.sends("Good morning", to="bob")
    bob.hears("text", id=sent, **{"from": "alice"}, data="Good morning")
    alice.hears("delivered", mid=sent)
    assert states(seenby, sent) == {"bob": "delivered"}
    bob.does("read", to="alice", id=sent)
    alice.hears("read", mid=sent, **{"from": "bob"})
    alice.hears("channel", **{"from": "bob"})
    assert states(seenby, sent) == {"bob": "read"}
    more = [alice.sends(text, to="bob") for text in ("one", "two")]
    for pk in more:
        bob.hears("text", id=pk)
        alice.hears("delivered", mid=pk)
    bob.does("channel", to="alice")
    for pk in more:
        alice.hears("read", mid=pk)
        assert states(seenby, pk) == {"bob": "read"}
    alice.hears("channel", **{"from": "bob"})
    assert bob.leaves() == ["text"] * 3
    alice.leaves()


def test_a_group(visit: Any, seenby: Seenby) -> None:
    """The owner asks for receipts; a member reads and answers; the owner counts and lists."""
    alice, bob = visit("alice"), visit("bob")
    sent = alice.sends("Please read", group=GROUP, asks=True)
    bob.hears("text", id=sent, asks=True)
    bob.does("read", group=GROUP, id=sent, ackContent='{"how":"phone"}')
    alice.hears("read", mid=sent, counts={sent: 1}, ackContent='{"how":"phone"}')
    assert alice.does("readers", group=GROUP, id=sent) == ["bob"]
    assert states(seenby, sent) == {"bob": "read", "carol": "pending"}
    carol = visit("carol")
    carol.hears("text", id=sent, asks=True)
    carol.does("channel", group=GROUP)
    alice.hears("read", mid=sent, counts={sent: 2}, ackContent="")
    assert alice.does("readers", group=GROUP, id=sent) == ["carol", "bob"]


def test_who_may_have_no_receipts_may_not_ask(visit: Any, seenby: Seenby) -> None:
    bob, alice = visit("bob"), visit("alice")
    refused = bob.does("text", msg="May I?", group=GROUP, asks=True)
    assert (refused["type"], refused["message"]) == (503, "group ack msg permission denied")
    sent = bob.sends("Then not", group=GROUP)
    alice.hears("text", id=sent, asks=None)
    assert seenby.native("GET", f"/messages/{sent}/")["tracked"] is False


def test_what_is_not_kept_is_refused_with_its_reason(visit: Any, seenby: Seenby) -> None:
    alice = visit("alice")
    assert alice.does("custom", to="bob")["message"] == "type: Messages are text here."
    assert "nobody" in alice.does("text", to="nobody", msg="hello")["message"]


def test_counts_that_the_sender_missed(visit: Any, seenby: Seenby) -> None:
    alice, bob = visit("alice", "a"), visit("bob")
    sent = alice.sends("And this", group=GROUP, asks=True)
    bob.hears("text", id=sent)
    alice.does("close")
    bob.does("read", group=GROUP, id=sent)
    again = visit("alice", "a")
    location = again.hears("statistic")["location"]
    assert location == (
        f'{{"group_ack":[{{"group_id":"{GROUP}","msg_id":"{sent}","read_count":1}}]}}'
    )


def test_a_private_reader(visit: Any, seenby: Seenby) -> None:
    """Rule 13: only the delivery is told."""
    seenby.native("PATCH", "/users/bob/", {"read_receipts_enabled": False})
    try:
        alice, bob = visit("alice"), visit("bob")
        sent = alice.sends("psst", to="bob")
        bob.hears("text", id=sent)
        bob.does("read", to="alice", id=sent)
        bob.does("channel", to="alice")
        bob.sends("said after that", to="alice")
        alice.hears("delivered", mid=sent)
        alice.hears("text", data="said after that")
        assert alice.leaves() == ["delivered", "text"]
        assert states(seenby, sent) == {"bob": "delivered"}
    finally:
        seenby.native("PATCH", "/users/bob/", {"read_receipts_enabled": True})


def test_a_message_whose_answer_was_lost_is_the_same_message(visit: Any, seenby: Seenby) -> None:
    alice, bob = visit("alice", "a"), visit("bob")
    first = alice.does("text", msg="once", to="bob")
    bob.hears("text", id=first["id"])
    seenby.kill()
    alice.does("lost")
    seenby.start()
    again = alice.does("text", msg="once", to="bob", id=first["own"])
    assert again["id"] == first["id"]
    last = alice.sends("twice", to="bob")
    assert bob.hears("text")["id"] == last
    conversation = seenby.native("GET", f"/messages/{last}/")["conversation"]
    found = seenby.native("GET", f"/conversations/{conversation}/messages/")["results"]
    assert [str(each["id"]) for each in found[:2]] == [last, first["id"]]


def test_a_server_is_killed_between_message_and_receipt(visit: Any, seenby: Seenby) -> None:
    """Both clients come back by themselves."""
    alice, bob = visit("alice"), visit("bob", delivery=False)
    sent = alice.sends("Read this", to="bob")
    bob.hears("text", id=sent)
    seenby.kill()
    for each in alice, bob:
        each.does("lost")
    seenby.start()
    bob.does("read", to="alice", id=sent)
    alice.hears("read", mid=sent)
    assert states(seenby, sent) == {"bob": "read"}


def test_sender_and_reader_at_two_processes(visit: Any, seenby: Seenby) -> None:
    alice, bob = visit("alice"), visit("bob", at=seenby.second)
    sent = alice.sends("Across", to="bob")
    bob.hears("text", id=sent)
    alice.hears("delivered", mid=sent)
    bob.does("read", to="alice", id=sent)
    alice.hears("read", mid=sent)


def test_two_devices_of_the_sender(visit: Any, seenby: Seenby) -> None:
    """The other one shows the message, and both its receipt."""
    phone, tablet, bob = visit("alice", "phone"), visit("alice", "tablet"), visit("bob")
    sent = phone.sends("From the phone", to="bob")
    bob.hears("text", id=sent)
    tablet.hears("text", id=sent, to="bob", **{"from": "alice"})
    phone.hears("delivered", mid=sent)
    tablet.hears("delivered", mid=sent)


def test_a_new_device_gets_what_waits(visit: Any, seenby: Seenby) -> None:
    alice = visit("alice")
    sent = [alice.sends(text, to="carol") for text in ("one", "two")]
    carol = visit("carol", "new")
    for pk in sent:
        carol.hears("text", id=pk)
        alice.hears("delivered", mid=pk)


def test_a_password_is_a_token(visit: Any, seenby: Seenby) -> None:
    assert visit("alice", token=None, pwd=seenby.token("alice")).leaves() == []


@pytest.mark.parametrize("how", ["nonsense", "another's", "key", "password"])
def test_wrong_logins(on_node: Callable[..., Flow], seenby: Seenby, site: str, how: str) -> None:
    token = {"another's": seenby.token("bob"), "key": seenby.key}.get(how, "nonsense")
    login = {"pwd": token} if how == "password" else {"token": token}
    options = {"url": seenby.address, "page": site, "device": "a", "user": "alice", **login}
    refused = on_node(FLOW, step="refused", **options).result()
    if how != "password":
        assert (refused["type"], refused["message"]) == (28, "INVALID_TOKEN")
    else:
        assert refused["type"] == 1
