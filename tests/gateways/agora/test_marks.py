"""Receipts of Agora's and Easemob's clients, over their WebSocket, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.gateways.agora.frames import BodyType, Code
from receipts.gateways.agora.wire.msync_pb2 import Body
from tests.support.cast import say
from tests.support.msync import LogIn, meta

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


def states(api: Any, sender: User, message: int) -> dict[str, str]:
    rows = api(sender).get(f"/messages/{message}/recipients/")["results"]
    return {row["user"]: row["state"] for row in rows}


# --- One to one -----------------------------------------------------------------------------------


def test_delivered_then_read_then_all_read(
    msync: LogIn, api: Any, direct: Any, alice: User, bob: User
) -> None:
    sender, recipient = msync(alice), msync(bob)
    first, second = sender.text("bob", "one"), sender.text("bob", "two")
    recipient.delivered("alice", first)
    assert sender.pushed() == [("delivered", "bob", first)]
    assert states(api, alice, first) == {"bob": "delivered"}
    recipient.read("alice", first)
    assert sender.pushed() == [("read", "bob", first)]
    recipient.read_all("alice")
    assert sender.pushed(2) == [("read", "bob", second), ("all read", "bob")]
    assert states(api, alice, second) == {"bob": "read"}


def test_a_read_of_the_last_unread_message_is_a_read_of_all(
    msync: LogIn, direct: Any, alice: User, bob: User
) -> None:
    sender = msync(alice)
    message = say(alice, direct)
    sender.pushed()
    msync(bob).read("alice", message.pk)
    assert sender.pushed(2) == [("read", "bob", message.pk), ("all read", "bob")]


def test_marks_that_are_made_elsewhere_are_told_too(
    msync: LogIn, api: Any, direct: Any, alice: User, bob: User
) -> None:
    message, later = say(alice, direct), say(alice, direct)
    sender = msync(alice)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    assert sender.pushed() == [("delivered", "bob", message.pk)]
    api(bob).post(f"/messages/{later.pk}/read/")
    assert sender.pushed() == [("read", "bob", later.pk)]


def test_many_messages_read_at_once_are_all_read(
    msync: LogIn, direct: Any, alice: User, bob: User
) -> None:
    """The event names twenty."""
    messages = [say(alice, direct).pk for _ in range(70)]
    sender = msync(alice)
    msync(bob).read_all("alice")
    told = sender.pushed(71)
    assert told == [*(("read", "bob", pk) for pk in messages), ("all read", "bob")]


def test_many_messages_read_up_to_one_are_told_and_no_others(
    msync: LogIn, api: Any, direct: Any, alice: User, bob: User
) -> None:
    messages = [say(alice, direct).pk for _ in range(40)]
    sender = msync(alice)
    up_to = {"up_to_message": messages[29]}
    api(bob).post(f"/conversations/{direct.pk}/mark-read/", up_to)
    assert sender.pushed(30) == [("read", "bob", pk) for pk in messages[:30]]
    assert sender.nothing_more()


def test_of_a_long_conversation_the_watermark_says_that_all_is_read(
    msync: LogIn, api: Any, direct: Any, alice: User, bob: User
) -> None:
    for _ in range(55):
        say(alice, direct)
    first = msync(bob)
    sender = msync(alice)
    first.read_all("alice")
    assert sender.pushed(56)[-1] == ("all read", "bob")
    last = say(alice, direct)
    assert sender.pushed() == [("text", "alice", "hello")]
    first.read("alice", last.pk)
    assert sender.pushed(2) == [("read", "bob", last.pk), ("all read", "bob")]


def test_a_private_read_is_told_as_a_delivery(
    msync: LogIn, api: Any, alice: User, bob: User
) -> None:
    """Rule 13, by the reader's switch."""
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=False)
    sender, recipient = msync(alice), msync(bob)
    sent = sender.text("bob")
    recipient.read("alice", sent, content="psst")
    assert sender.pushed() == [("delivered", "bob", sent)]
    recipient.read_all("alice")
    assert sender.nothing_more()
    assert states(api, alice, sent) == {"bob": "delivered"}


def test_a_private_delivery_is_told_as_nothing(msync: LogIn, alice: User, bob: User) -> None:
    """Rule 13."""
    User.objects.filter(pk=bob.pk).update(delivery_receipts_enabled=False)
    sender, recipient = msync(alice), msync(bob)
    sent = sender.text("bob")
    recipient.delivered("alice", sent)
    assert sender.nothing_more()
    recipient.read("alice", sent)
    assert sender.pushed(2) == [("read", "bob", sent), ("all read", "bob")]


def test_who_hides_reads_is_told_of_deliveries(
    msync: LogIn, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14."""
    settings.RECEIPTS_RECIPROCAL = True
    User.objects.filter(pk=alice.pk).update(read_receipts_enabled=False)
    sender, recipient = msync(alice), msync(bob)
    sent = sender.text("bob")
    recipient.read_all("alice")
    assert sender.pushed() == [("delivered", "bob", sent)]
    assert sender.nothing_more()


def test_a_second_conversation_of_the_same_two_is_read_with_the_first(
    msync: LogIn, direct: Any, alice: User, bob: User
) -> None:
    """A history may have brought it (rule 25)."""
    other = services.create_conversation(owner=None, participants=[alice, bob], kind="group")
    Conversation.objects.filter(pk=other.pk).update(kind="direct")
    messages = [say(alice, each).pk for each in (direct, other)]
    sender = msync(alice)
    msync(bob).read_all("alice")
    assert sorted(sender.pushed(4))[2:] == [("read", "bob", pk) for pk in messages]


# --- Groups ---------------------------------------------------------------------------------------


def test_each_reader_of_a_groups_message_is_counted_with_their_answer(
    msync: LogIn, api: Any, group: Any, alice: User, bob: User, carol: User
) -> None:
    """Rule 12."""
    name = str(group.pk)
    sender = msync(alice)
    sent = sender.text(name, group=True, asks=True)
    msync(bob).read(name, sent, group=True, content='{"how": "phone"}')
    entry = sender.entry()
    assert (entry.brief, entry.queue) == (("read", "bob", sent, 1), name)
    assert entry.body.ack_content == '{"how": "phone"}'
    msync(carol).read(name, sent, group=True)
    entry = sender.entry()
    assert entry.brief == ("read", "carol", sent, 2)
    assert not entry.body.HasField("ack_content")
    rows = api(alice).get(f"/messages/{sent}/recipients/")["results"]
    assert [row["content"] for row in rows] == ['{"how": "phone"}', None]


def test_a_group_that_was_read_is_counted_message_by_message(
    msync: LogIn, group: Any, alice: User, bob: User
) -> None:
    name = str(group.pk)
    messages = [say(alice, group).pk for _ in range(25)]
    sender, reader = msync(alice), msync(bob)
    reader.read_all(name, group=True)
    assert sender.pushed(25) == [("read", "bob", pk, 1) for pk in messages]


def test_a_delivery_in_a_group_is_nothing_that_the_clients_know(
    msync: LogIn, api: Any, group: Any, alice: User, bob: User
) -> None:
    sender = msync(alice)
    sent = sender.text(str(group.pk), group=True)
    api(bob).post(f"/messages/{sent}/delivered/")
    assert sender.nothing_more()


def test_receipts_are_told_to_the_sender_alone(
    msync: LogIn, group: Any, alice: User, bob: User, carol: User
) -> None:
    """Rule 17, also where all participants may ask for them."""
    Conversation.objects.update(receipts_visible_to="participants")
    other = msync(carol)
    message = say(alice, group)
    other.pushed()
    msync(bob).read(str(group.pk), message.pk, group=True)
    assert other.nothing_more()


def test_of_private_reads_no_answer_and_no_count_is_told(
    msync: LogIn, group: Any, alice: User, bob: User, carol: User
) -> None:
    """Rule 13; an open read afterwards is the first that counts."""
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=False)
    name, sender = str(group.pk), msync(alice)
    sent = sender.text(name, group=True)
    msync(bob).read(name, sent, group=True, content="psst")
    assert sender.nothing_more()
    msync(carol).read(name, sent, group=True)
    assert sender.pushed() == [("read", "carol", sent, 1)]


def test_a_message_without_receipts_tells_nothing(
    msync: LogIn, group: Any, alice: User, bob: User
) -> None:
    """Rule 15; its readers have nothing left unread all the same."""
    message = say(alice, group, request_receipts=False)
    sender, reader = msync(alice), msync(bob)
    reader.read(str(group.pk), message.pk, group=True)
    assert sender.nothing_more()


# --- What is not one's own ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BodyType.READ, BodyType.DELIVERED])
def test_only_a_recipient_marks(
    msync: LogIn, group: Any, alice: User, bob: User, dave: User, kind: BodyType
) -> None:
    """Rule 4: not the sender, nobody else, and nothing that does not exist."""
    sent, name = say(alice, group).pk, str(group.pk)
    own = meta(name, Body(type=kind, message_id=sent), group=True)
    assert msync(alice).refused(own)[0] == Code.NOT_PERMITTED
    stranger = msync(dave)
    for message in (sent, sent + 1000, 0, 2**63, 2**64 - 1):
        refused = stranger.refused(meta(name, Body(type=kind, message_id=message), group=True))
        assert refused == (Code.FAILED, "group ack msg not found")


def test_a_conversation_that_is_not_there_is_not_read(
    msync: LogIn, group: Any, alice: User, bob: User, dave: User
) -> None:
    """Of a group that is said; with a person there is nothing to read, and none is made."""
    client = msync(dave)
    body = Body(type=BodyType.CONVERSATION_READ)
    assert client.refused(meta(str(group.pk), body, group=True)) == (Code.FAILED, "Not found.")
    for name in ("alice", "nobody", "dave", "a\x00b"):
        client.read_all(name)
    assert not Conversation.objects.exclude(pk=group.pk).exists()


def test_an_answer_has_an_end(msync: LogIn, group: Any, alice: User, bob: User) -> None:
    """Rule 12."""
    message = say(alice, group).pk
    for content in ("x" * 2_001, "a\x00b"):
        body = Body(type=BodyType.READ, message_id=message, ack_content=content)
        refused = msync(bob).refused(meta(str(group.pk), body, group=True))
        assert refused[0] == Code.WRONG_PARAMETER
