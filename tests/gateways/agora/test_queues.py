"""Queues of Agora's and Easemob's clients: what is not confirmed comes again."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from chat.models import User
from receipts import services
from receipts.feed.looking import Listener, look
from receipts.feed.positions import position_of
from receipts.gateways.agora import outstanding, waiting
from receipts.gateways.agora.frames import Queue
from receipts.gateways.agora.outstanding import Outstanding
from receipts.models import DevicePosition
from tests.support.cast import say
from tests.support.distributed import in_order
from tests.support.live import Serve
from tests.support.msync import LogIn, Msync

pytestmark = pytest.mark.django_db(transaction=True)


def leave(client: Msync) -> None:
    """Confirm everything, and hang up once that is stored."""
    client.confirm()
    while not _is_stored(client.user):
        pass
    client.socket.abort()


def _is_stored(user: User) -> bool:
    """Whether the device's position in the feed is at its end."""
    mine = DevicePosition.objects.filter(user=user, gateway="agora")
    cursor = mine.values_list("cursor", flat=True).first()
    if cursor is None:
        return False
    return not look(Listener.of(user), position_of(cursor, user.username), 1).told


@pytest.fixture
def known(msync: LogIn, port: int, bob: User) -> Msync:
    """A device of bob's that has been there before."""
    client = msync(bob)
    leave(client)
    return client


class TestOneServer:
    pytestmark = pytest.mark.usefixtures("port")

    def test_what_was_not_confirmed_comes_again(
        self, msync: LogIn, known: Msync, direct: Any, alice: User, bob: User
    ) -> None:
        client = msync(bob)
        for text in ("one", "two"):
            say(alice, direct, text)
        expected = client.pushed(2)
        client.socket.abort()
        assert msync(bob).pushed(2) == expected

    def test_what_was_confirmed_does_not(
        self, msync: LogIn, known: Msync, direct: Any, alice: User, bob: User
    ) -> None:
        client = msync(bob)
        say(alice, direct, "one")
        client.pushed()
        leave(client)
        say(alice, direct, "two")
        assert msync(bob).pushed() == [("text", "alice", "two")]

    def test_a_queue_that_was_not_confirmed_holds_nothing_else_but_itself(
        self, msync: LogIn, known: Msync, direct: Any, group: Any, alice: User, bob: User
    ) -> None:
        """What another queue has confirmed after it may come twice."""
        client = msync(bob)
        say(alice, direct, "one")
        client.pushed()
        client.keys.clear()
        say(alice, group, "two")
        client.pushed()
        client.confirm()
        client.socket.abort()
        again = msync(bob)
        expected = [("text", "alice", "one"), ("text", "alice", "two")]
        assert in_order(again.pushed(2)) == in_order(expected)

    def test_keys_rise_over_connections(
        self, msync: LogIn, known: Msync, direct: Any, alice: User, bob: User
    ) -> None:
        say(alice, direct)
        client = msync(bob)
        client.pushed()
        client.socket.abort()
        again = msync(bob)
        again.keys |= client.keys
        again.pushed()

    def test_a_key_of_another_connection_confirms_nothing(
        self, msync: LogIn, known: Msync, direct: Any, alice: User, bob: User
    ) -> None:
        say(alice, direct)
        client = msync(bob)
        client.keys = {("alice", "easemob.com"): 5, ("nobody", "easemob.com"): 2**63}
        client.confirm()
        client.socket.abort()
        assert msync(bob).pushed() == [("text", "alice", "hello")]

    def test_a_quiet_device_gets_on_with_its_heartbeats(
        self, msync: LogIn, known: Msync, group: Any, alice: User, bob: User
    ) -> None:
        """Otherwise it would be new after ``EVENTS_RETENTION_DAYS`` without a message."""
        stored = DevicePosition.objects.get(user=bob, gateway="agora")
        client = msync(bob)
        while DevicePosition.objects.get(user=bob, gateway="agora").cursor == stored.cursor:
            client.beat()


class TestNewDevices:
    """Offline messages."""

    pytestmark = pytest.mark.usefixtures("port")

    def test_a_new_device_gets_what_no_device_has_got(
        self, msync: LogIn, api: Any, direct: Any, group: Any, alice: User, bob: User
    ) -> None:
        got, seen = say(alice, direct, "got"), say(alice, direct, "seen")
        api(bob).post(f"/messages/{got.pk}/delivered/")
        api(bob).post(f"/messages/{seen.pk}/read/", {"private": True})
        say(alice, direct, "one")
        say(alice, group, "two")
        client = msync(bob)
        assert client.pushed(2) == [("text", "alice", "one"), ("text", "alice", "two")]
        assert client.nothing_more()

    def test_a_private_delivery_counts_as_got(
        self, msync: LogIn, api: Any, direct: Any, alice: User, bob: User
    ) -> None:
        User.objects.filter(pk=bob.pk).update(delivery_receipts_enabled=False)
        message = say(alice, direct)
        api(bob).post(f"/messages/{message.pk}/delivered/")
        assert msync(bob).nothing_more()

    def test_the_newest_come_if_there_are_too_many(
        self, msync: LogIn, direct: Any, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "MOST_MESSAGES_WAITING", 3)
        for number in range(5):
            say(alice, direct, str(number))
        assert [text for _, _, text in msync(bob).pushed(3)] == ["2", "3", "4"]

    def test_a_device_stays_new_until_it_has_confirmed(
        self, msync: LogIn, direct: Any, alice: User, bob: User
    ) -> None:
        say(alice, direct, "one")
        first = msync(bob)
        assert first.pushed() == [("text", "alice", "one")]
        first.socket.abort()
        again = msync(bob)
        assert again.pushed() == [("text", "alice", "one")]
        leave(again)
        assert msync(bob).nothing_more()

    def test_until_then_it_continues_from_its_first_login(
        self, msync: LogIn, direct: Any, alice: User, bob: User
    ) -> None:
        sent = say(alice, direct).pk
        msync(alice).socket.abort()
        msync(bob).read("alice", sent)
        assert msync(alice).pushed(2) == [("read", "bob", sent), ("all read", "bob")]

    def test_what_is_deleted_or_left_is_not_waiting(
        self, msync: LogIn, direct: Any, group: Any, alice: User, bob: User
    ) -> None:
        services.delete_message(by=alice, message_id=say(alice, direct).pk)
        say(alice, group)
        services.remove_participant(by=bob, conversation_id=group.pk, user=bob)
        assert msync(bob).nothing_more()

    def test_many_large_messages_come_at_the_clients_speed(
        self, msync: LogIn, direct: Any, alice: User, bob: User
    ) -> None:
        """More than may wait for a client that does not read."""
        for number in range(120):
            say(alice, direct, f"{number} " + "x" * 9_000)
        texts = [entry[2].split()[0] for entry in msync(bob).pushed(120)]
        assert texts == [str(number) for number in range(120)]


class TestStatistics:
    """What a sender missed while away."""

    pytestmark = pytest.mark.usefixtures("port")

    def test_counts_of_groups_come_together(
        self, msync: LogIn, group: Any, alice: User, bob: User, carol: User
    ) -> None:
        name, sender = str(group.pk), msync(alice)
        sent = [sender.text(name, group=True, asks=True) for _ in range(2)]
        leave(sender)
        bob_there, carol_there = msync(bob), msync(carol)
        for pk in sent:
            bob_there.read(name, pk, group=True)
        carol_there.read(name, sent[1], group=True)
        told = msync(alice).pushed()
        assert told == [("statistic", (str(sent[0]), 1), (str(sent[1]), 2))]

    def test_answers_come_as_well(self, msync: LogIn, group: Any, alice: User, bob: User) -> None:
        name, sender = str(group.pk), msync(alice)
        sent = sender.text(name, group=True, asks=True)
        leave(sender)
        msync(bob).read(name, sent, group=True, content="yes")
        again = msync(alice)
        assert again.entry().body.ack_content == "yes"
        assert again.pushed() == [("statistic", (str(sent), 1))]

    def test_receipts_of_people_come_as_they_are(
        self, msync: LogIn, alice: User, bob: User
    ) -> None:
        sender = msync(alice)
        sent = sender.text("bob")
        leave(sender)
        msync(bob).read("alice", sent)
        assert msync(alice).pushed(2) == [("read", "bob", sent), ("all read", "bob")]


def test_after_a_crash_another_process_goes_on(
    msync: LogIn, serve: Serve, direct: Any, alice: User, bob: User
) -> None:
    """kill -9; what had been confirmed and what had not."""
    first, second = serve(), serve()
    client = msync(bob, port=first.port)
    leave(client)
    client = msync(bob, port=first.port)
    sender = msync(alice, port=second.port)
    sender.text("bob", "before")
    assert client.pushed() == [("text", "alice", "before")]
    first.stop(signal.SIGKILL)
    sender.text("bob", "meanwhile")
    again = msync(bob, port=second.port)
    assert again.pushed(2) == [("text", "alice", "before"), ("text", "alice", "meanwhile")]
    again.delivered("alice", sender.text("bob", "after"))
    assert sender.pushed()[0][:2] == ("delivered", "bob")
    assert "Traceback" not in first.log.read_text()


class TestKeys:
    """The bookkeeping of one connection, with positions by number."""

    def test_a_position_is_reached_when_all_before_it_is_confirmed(self) -> None:
        kept: Any = Outstanding()
        ann, ben = Queue("ann"), Queue("ben")
        first = kept.next_key(ann)
        assert kept.reached(1) is None
        second, third = kept.next_key(ann), kept.next_key(ben)
        assert kept.reached(2) is None
        assert kept.confirm(ben, third) is None
        assert kept.confirm(ann, first) == 1
        assert kept.confirm(ann, second) == 2
        assert not kept
        assert kept.reached(3) == 3

    def test_without_an_end_nothing_is_reached(self) -> None:
        """More about the same is still held back."""
        kept: Any = Outstanding()
        key = kept.next_key(Queue("ann"))
        assert kept.confirm(Queue("ann"), key) is None
        assert kept.reached(1) == 1

    def test_a_client_that_confirms_nothing_costs_no_more_and_more(self) -> None:
        kept: Any = Outstanding()
        for number in range(1_000):
            last = kept.next_key(Queue("ann"))
            kept.reached(number)
        assert len(kept.parts) == outstanding.MOST_PARTS
        assert kept.confirm(Queue("ann"), last) == 999
