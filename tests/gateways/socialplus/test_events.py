"""What the live feed tells, as social.plus's events: for many at once, with few statements."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import orjson
import pytest
from django.utils import timezone

from chat.models import Conversation, User
from receipts.feed.looking import Listener, look
from receipts.feed.positions import Position, newest_position
from receipts.gateways.socialplus import live
from receipts.gateways.socialplus.events import EventPackets
from receipts.gateways.socialplus.live import VENDOR
from receipts.gateways.sockets.vendor import Push
from tests.support.cast import say
from tests.support.mqtt import packets_of

pytestmark = pytest.mark.django_db(transaction=True)


def written(position: Position, *listeners: User, statements: Any = None) -> dict[int, list[Any]]:
    """The events after ``position`` for each listener, as the hub has them written."""
    everybody = {each.pk: Listener.of(each) for each in listeners}
    told = {pk: look(each, position, 1_000).told for pk, each in everybody.items()}
    if statements is None:
        return {pk: list(each) for pk, each in VENDOR.encode(told, everybody, position).items()}
    with statements() as counted:
        found = VENDOR.encode(told, everybody, position)
    assert len(counted) == 2, counted.sql
    return {pk: list(each) for pk, each in found.items()}


def events(pushes: list[Any]) -> list[tuple[str, Any]]:
    """Each event and its data."""
    bodies = [body for push in pushes for _, body in packets_of(push.data.packets)]
    told = [orjson.loads(body[2 + int.from_bytes(body[:2], "big") :]) for body in bodies]
    return [(each["eventType"], each["data"]) for each in told]


def test_two_statements_write_any_number_of_events(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, statements: Any
) -> None:
    before = newest_position()
    say(alice, group)
    assert len(written(before, bob, statements=statements)[bob.pk]) == 1
    for number in range(20):
        say(alice, group, f"{number}")
        api(carol).post(f"/conversations/{group.pk}/mark-read/")
    found = written(before, alice, bob, carol, statements=statements)
    assert len(found[bob.pk]) == 21
    assert {name for name, _ in events(found[alice.pk])} == {
        "message.created", "message.updated", "marker.marked-message",
    }  # fmt: skip


def test_what_is_gone_meanwhile_is_left_out(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """A conversation, and a user; and kinds for which the SDK has no event."""
    before = newest_position()
    say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    listeners = {each.pk: Listener.of(each) for each in (alice, bob)}
    told = {pk: look(each, before, 100).told for pk, each in listeners.items()}
    assert {each["kind"] for each in told[bob.pk]} == {"message.created", "conversation.read"}
    Conversation.objects.filter(pk=group.pk).update(deleted_at=timezone.now())
    assert not any(VENDOR.encode({**told, 2**40: told[bob.pk]}, listeners, before).values())


def test_the_newest_counts_of_a_message_replace_earlier_ones(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """A push says which message's counts it has; a new message is not held back."""
    before = newest_position()
    message = say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    created, counted = written(before, alice)[alice.pk]
    assert (created.about, counted.about) == (None, message.pk)


def test_counts_are_told_as_they_are_when_they_have_fallen(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    message = say(alice, group)
    api(carol).post(f"/messages/{message.pk}/delivered/")
    api(alice).delete(f"/conversations/{group.pk}/participants/carol/", status=204)
    before = newest_position()
    api(bob).post(f"/messages/{message.pk}/delivered/")
    [(_, data)] = [each for each in events(written(before, alice)[alice.pk]) if "marker" in each[0]]
    [marker] = data["contentMarkers"]
    assert (marker["readCount"], marker["deliveredCount"]) == (0, 1)


class Sent(list[bytes]):
    """What a session sends, instead of a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.something = asyncio.Event()

    def send(self, *frames: bytes) -> None:
        self.extend(frames)
        self.something.set()


@pytest.mark.parametrize("most", [live.MOST_DELAYED, 1])
def test_an_own_message_waits_with_what_comes_after_it(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK shows it twice if it comes before the answer to its sending. Not too much waits."""
    monkeypatch.setattr(live, "MOST_DELAYED", most)

    async def push() -> None:
        sent = Sent()
        session: Any = VENDOR.session(cast(Any, sent))
        session.push([Push(EventPackets(b"theirs"))], None)
        assert sent == [b"theirs"]
        session.push([Push(EventPackets(b"own", is_own=True))], None)
        assert sent == [b"theirs"]
        sent.something.clear()
        session.push([Push(EventPackets(b"later"))], None)
        await sent.something.wait()
        assert sent == [b"theirs", b"own", b"later"]

    asyncio.run(push())
