"""social.plus's own SDK, live: what the native API knows is on its screens a moment later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.clients.flows import Flow
from tests.clients.server import DATABASES, Seenby, running_seenby
from tests.clients.socialplus.live import Visitor, counts_of, receipts

SCRIPT = "socialplus/live.cjs"
SDK = "socialplus/node_modules/@amityco/ts-sdk/dist/index.umd.js"
Start = Callable[..., Flow]
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module", params=DATABASES)
def seenby(request: pytest.FixtureRequest, site: str) -> Iterator[Seenby]:
    with running_seenby(request.param, CORS_ALLOWED_ORIGINS=site) as running:
        for name in ("alice", "bob", "carol", "dave"):
            running.native("POST", "/users/", {"username": name})
        yield running


@pytest.fixture
def feed(seenby: Seenby) -> str:
    """A new group of alice's, with bob and carol; its name has what names may have."""
    name = f"maths/{uuid4()}"
    group = {"kind": "group", "external_id": name, "owner": "alice"}
    seenby.native("POST", "/conversations/", {**group, "participants": ["bob", "carol"]})
    return name


@pytest.fixture
def visit(seenby: Seenby, on_node: Start) -> Visit:
    """``visit("bob")`` starts his client; ``at`` names another server than the first."""

    def visit(who: str, *, at: str = "", how: Start = on_node, **options: Any) -> Visitor:
        login = {"url": at or seenby.address, "userId": who, "authToken": seenby.token(who)}
        return Visitor(how(SCRIPT, step="live", limitMs=60_000, **login, **options))

    return visit


def test_a_message_and_its_receipts_arrive_live(visit: Visit, seenby: Seenby, feed: str) -> None:
    alice, bob = visit("alice"), visit("bob")
    assert alice.does("sync", feed=feed) is True
    assert (alice.does("watch", feed=feed), bob.does("watch", feed=feed)) == ([], [])
    sent = alice.does("send", feed=feed, text="Good morning")["id"]
    [shown] = bob.shows(lambda shown: len(shown) == 1)
    assert (shown["id"], shown["text"], shown["creator"]) == (sent, "Good morning", "alice")
    bob.does("deliver", feed=feed, id=sent)
    alice.shows_counts(**{f"m{sent}": (0, 1)})
    bob.does("watchAlone", id=sent)
    bob.does("read", id=sent)
    alice.shows_counts(**{f"m{sent}": (1, 1)})
    assert receipts(seenby, sent) == (1, 1)
    for what in ("getReadUsers", "getDeliveredUsers"):
        assert alice.does("users", what=what, id=sent) == ["bob"]
    assert (alice.leaves(), bob.leaves()) == ([], [])


def test_counts_are_those_of_each_message(visit: Visit, seenby: Seenby, feed: str) -> None:
    """The SDK can raise all counts of a feed to those of one message: it is never made to."""
    alice = visit("alice")
    alice.does("watch", feed=feed)
    older, newer = (alice.does("send", feed=feed, text=text)["id"] for text in ("one", "two"))
    seen: list[dict[str, tuple[int, int]]] = []

    def noting(counts: dict[str, tuple[int, int]]) -> Callable[[Any], bool]:
        def noted(shown: Any) -> bool:
            seen.append(counts_of(shown))
            return counts.items() <= seen[-1].items()

        return noted

    seenby.native("POST", f"/messages/{older}/read/", token=seenby.token("bob"))
    alice.shows(noting({older: (1, 1), newer: (0, 0)}))
    seenby.native("POST", f"/messages/{newer}/delivered/", token=seenby.token("carol"))
    alice.shows(noting({older: (1, 1), newer: (0, 1)}))
    seenby.native("POST", f"/messages/{newer}/read/", token=seenby.token("bob"))
    alice.shows(noting({older: (1, 1), newer: (1, 2)}))
    alice.does("edit", id=older, text="one, again")
    alice.shows(lambda shown: noting({})(shown) and shown[-1]["text"] == "one, again")
    assert max(each.get(older, (0, 0)) for each in seen) == (1, 1)
    assert seen[-1] == {older: (1, 1), newer: (1, 2)}
    assert (receipts(seenby, older), receipts(seenby, newer)) == ((1, 1), (1, 2))


def test_a_message_that_is_watched_alone_shows_its_counts(
    visit: Visit, seenby: Seenby, feed: str
) -> None:
    """At the start, and with each receipt."""
    alice = visit("alice")
    sent = alice.does("send", feed=feed, text="alone")["id"]
    seenby.native("POST", f"/messages/{sent}/delivered/", token=seenby.token("bob"))
    again = visit("alice")
    begun = again.does("watchAlone", id=sent)
    assert (begun["read"], begun["delivered"]) == (0, 1)
    seenby.native("POST", f"/messages/{sent}/read/", token=seenby.token("carol"))
    shown = again.shows_alone(lambda shown: shown["read"] == 1)
    assert shown["delivered"] == 2


def test_edits_deletions_and_restorations_are_shown(
    visit: Visit, seenby: Seenby, feed: str
) -> None:
    alice, bob = visit("alice"), visit("bob")
    sent = alice.does("send", feed=feed, text="tea?")["id"]
    [shown] = bob.does("watch", feed=feed)
    assert (shown["text"], shown["edited"]) == ("tea?", False)
    alice.does("edit", id=sent, text="cake?")
    [shown] = bob.shows(lambda shown: shown[0]["text"] == "cake?")
    assert shown["edited"] is True
    alice.does("remove", id=sent)
    bob.shows(lambda shown: shown == [])
    seenby.native("POST", f"/messages/{sent}/restore/")
    [shown] = bob.shows(lambda shown: len(shown) == 1)
    assert (shown["id"], shown["text"]) == (sent, "cake?")


def test_a_private_read_is_shown_as_its_delivery(visit: Visit, seenby: Seenby, feed: str) -> None:
    alice = visit("alice")
    sent = alice.does("send", feed=feed, text="psst")["id"]
    alice.does("watchAlone", id=sent)
    private = {"private": True}
    seenby.native("POST", f"/messages/{sent}/read/", private, token=seenby.token("bob"))
    shown = alice.shows_alone(lambda shown: shown["delivered"] == 1)
    assert shown["read"] == 0
    seenby.native("POST", f"/messages/{sent}/read/", token=seenby.token("carol"))
    shown = alice.shows_alone(lambda shown: shown["read"] == 1)
    assert shown["delivered"] == 2
    assert receipts(seenby, sent) == (1, 2)


def test_others_are_shown_no_receipts(visit: Visit, seenby: Seenby, feed: str) -> None:
    """Receipts are for the sender; another member hears of the message alone."""
    bob = visit("bob")
    bob.does("watch", feed=feed)
    alice = visit("alice")
    sent = alice.does("send", feed=feed, text="mine")["id"]
    seenby.native("POST", f"/messages/{sent}/read/", token=seenby.token("carol"))
    alice.does("edit", id=sent, text="still mine")
    shown = bob.shows(lambda shown: shown != [] and shown[0]["text"] == "still mine")
    assert counts_of(shown) == {sent: (0, 0)}
    assert receipts(seenby, sent) == (1, 1)


def test_a_burst_of_own_messages_is_shown_once(visit: Visit, seenby: Seenby, feed: str) -> None:
    """On the device that sends, which has shown them already, and on another one."""
    phone, laptop = visit("alice"), visit("alice")
    phone.does("watch", feed=feed)
    laptop.does("watch", feed=feed)
    sent = [phone.does("send", feed=feed, text=f"{number}")["id"] for number in range(20)]
    newest_first = sent[::-1]
    for device in phone, laptop:
        device.shows(lambda shown: [each["id"] for each in shown] == newest_first)
    phone.does("edit", id=sent[0], text="first")
    for device in phone, laptop:
        shown = device.shows(lambda shown: shown[-1]["text"] == "first")
        assert [each["id"] for each in shown] == newest_first


def test_a_receipt_crosses_server_processes(visit: Visit, seenby: Seenby, feed: str) -> None:
    alice, bob = visit("alice"), visit("bob", at=seenby.second.address)
    bob.does("watch", feed=feed)
    sent = alice.does("send", feed=feed, text="across")["id"]
    alice.does("watchAlone", id=sent)
    bob.shows(lambda shown: [each["id"] for each in shown] == [sent])
    bob.does("watchAlone", id=sent)
    bob.does("read", id=sent)
    alice.shows_alone(lambda shown: (shown["read"], shown["delivered"]) == (1, 1))
    assert receipts(seenby, sent) == (1, 1)


def test_a_receipt_from_while_the_server_was_down_is_shown(
    visit: Visit, seenby: Seenby, feed: str
) -> None:
    """Killed between message and receipt. The client reconnects, and subscribes to nothing."""
    alice = visit("alice")
    alice.does("watch", feed=feed)
    sent = alice.does("send", feed=feed, text="before the crash")["id"]
    alice.does("watchAlone", id=sent)
    elsewhere, bob = seenby.second, seenby.token("bob")
    seenby.kill()
    seenby.native("POST", f"/messages/{sent}/read/", token=bob, at=elsewhere)
    seenby.start()
    alice.shows_alone(lambda shown: (shown["read"], shown["delivered"]) == (1, 1))
    seenby.native("POST", f"/messages/{sent}/read/", token=seenby.token("carol"))
    alice.shows_alone(lambda shown: (shown["read"], shown["delivered"]) == (2, 2))
    assert receipts(seenby, sent) == (2, 2)


def test_nothing_is_missed_between_login_and_connection(
    visit: Visit, seenby: Seenby, feed: str
) -> None:
    """The SDK's login does not wait for its connection."""
    alice = seenby.token("alice")
    bob = visit("bob", hasty=True)
    bob.does("watch", feed=feed)
    path = f"/conversations/ext:{feed.replace('/', '%2F')}/messages/"
    sent = seenby.native("POST", path, {"body": "early"}, token=alice)["id"]
    bob.shows(lambda shown: [each["id"] for each in shown] == [str(sent)])


def test_a_page_of_another_origin_is_live(
    visit: Visit, seenby: Seenby, feed: str, in_page: Start
) -> None:
    alice = visit("alice", how=lambda script, **given: in_page(SDK, script, **given))
    alice.does("watch", feed=feed)
    sent = alice.does("send", feed=feed, text="from a page")["id"]
    seenby.native("POST", f"/messages/{sent}/read/", token=seenby.token("bob"))
    alice.shows_counts(**{f"m{sent}": (1, 1)})
