"""Messages of Agora's and Easemob's clients, over their WebSocket."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, ReceiptPolicy, User
from receipts import services
from receipts.gateways.agora.frames import Code, FrameType
from receipts.gateways.agora.wire.msync_pb2 import Address, Body, Content, Meta, Pair, SyncUp
from tests.support.cast import say
from tests.support.distributed import in_order
from tests.support.msync import LogIn, envelope, meta, text_body

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


@pytest.fixture
def club(group: Conversation) -> str:
    """The name of a group: alice is its owner, bob and carol are members."""
    Conversation.objects.filter(pk=group.pk).update(external_id="club/1")
    return "club/1"


def test_a_text_to_a_person_arrives_and_makes_their_conversation(
    msync: LogIn, api: Any, alice: User, bob: User
) -> None:
    sender, recipient = msync(alice), msync(bob)
    sent = sender.text("bob", "Good morning")
    assert recipient.pushed() == [("text", "alice", "Good morning")]
    assert api(alice).get(f"/messages/{sent}/")["receipts"]["total_recipients"] == 1
    [conversation] = api(bob).get("/conversations/")["results"]
    assert conversation["kind"] == "direct"
    recipient.text("alice", "And to you")
    assert sender.pushed() == [("text", "bob", "And to you")]
    assert Conversation.objects.count() == 1


def test_a_text_to_a_group_arrives_at_its_members(
    msync: LogIn, club: str, alice: User, bob: User, carol: User
) -> None:
    sender, others = msync(alice), [msync(bob), msync(carol)]
    sent = sender.text(club, "hello", group=True)
    for each in others:
        entry = each.entry()
        assert (entry.brief, entry.queue, entry.meta.id) == (("text", "alice", "hello"), club, sent)
        assert entry.meta.to.name == club


def test_a_group_without_a_name_goes_by_its_id(msync: LogIn, group: Any, alice: User) -> None:
    message = Message.objects.get(pk=msync(alice).text(str(group.pk), group=True))
    assert message.conversation_id == group.pk


def test_what_is_sent_elsewhere_arrives_too(
    msync: LogIn, direct: Any, group: Any, alice: User, bob: User
) -> None:
    recipient = msync(bob)
    say(alice, direct, "natively")
    say(alice, group, "in the group")
    queues = [recipient.entry().queue for _ in range(2)]
    assert in_order(queues) == in_order(["alice", str(group.pk)])


def test_the_sending_device_is_not_told_and_the_senders_others_are(
    msync: LogIn, club: str, alice: User, bob: User
) -> None:
    phone, tablet = msync(alice), msync(alice, "tablet")
    phone.text("bob", "to you")
    phone.text(club, "to all", group=True)
    expected = [("text", "alice", "to you"), ("text", "alice", "to all")]
    assert in_order(tablet.pushed(2)) == in_order(expected)
    assert phone.nothing_more()


def test_a_message_whose_answer_was_lost_is_sent_once(msync: LogIn, alice: User, bob: User) -> None:
    """The client's own id, and its device, say that it is the same."""
    first = msync(alice)
    sent = first.text("bob", "once", number=7)
    first.socket.abort()
    again = msync(alice)
    assert again.text("bob", "once", number=7) == sent
    assert again.refused(meta("bob", text_body("other"), number=7))[0] == Code.FAILED
    assert msync(alice, "tablet").text("bob", "other", number=7) != sent
    assert again.pushed() == [("text", "alice", "other")]


def test_who_cannot_be_written_to_is_told(
    msync: LogIn, group: Any, alice: User, bob: User, dave: User
) -> None:
    """As the native API has it: any active user, and groups in which one takes part."""
    services.deactivate_user(user=bob)
    client = msync(dave)
    for name in ("nobody", "bob", "dave", "", "a\x00b", "x" * 300):
        code, reason = client.refused(meta(name, text_body("hello")))
        assert (code, bool(reason)) == (Code.WRONG_PARAMETER, True), name
    for name in (str(group.pk), "no such group", "", "a\x00b", "9" * 30):
        code, reason = client.refused(meta(name, text_body("hello", group=True), group=True))
        assert (code, reason) == (Code.FAILED, "Not found."), name
    assert not Message.objects.exists()
    assert not Conversation.objects.exclude(pk=group.pk).exists()


def test_a_muted_member_may_not_write(msync: LogIn, group: Any, alice: User, bob: User) -> None:
    services.change_participant(by=alice, conversation_id=group.pk, user=bob, muted=True)
    refused = msync(bob).refused(meta(str(group.pk), text_body("hello", group=True), group=True))
    assert refused[0] == Code.MUTED


def unkept(which: str) -> Body:
    """A message with something that is not kept here."""
    body = text_body("hello")
    if which == "custom":
        body.contents[0].type = 7
    elif which == "two texts":
        body.contents.append(Content(type=0, text="more"))
    elif which == "nothing":
        del body.contents[:]
    elif which == "attributes":
        body.ext.append(Pair(key="color", type=7, text="red"))
    elif which == "too long":
        body.contents[0].text = "x" * 20_001
    elif which == "empty":
        body.contents[0].text = ""
    elif which == "NUL":
        body.contents[0].text = "a\x00b"
    return body


@pytest.mark.parametrize(
    "which", ["custom", "two texts", "nothing", "attributes", "too long", "empty", "NUL"]
)
def test_what_is_not_kept_is_refused(msync: LogIn, alice: User, bob: User, which: str) -> None:
    code, reason = msync(alice).refused(meta("bob", unkept(which)))
    assert (code, bool(reason)) == (Code.WRONG_PARAMETER, True)
    assert not Conversation.objects.exists()


def test_a_message_to_some_of_a_group_is_refused(msync: LogIn, club: str, alice: User) -> None:
    """It would go to all."""
    some = meta(club, text_body("psst", group=True), group=True)
    some.directed.append("bob")
    assert msync(alice).refused(some)[0] == Code.WRONG_PARAMETER


@pytest.mark.parametrize("kind", [0, 3, 6, 8, 99])
def test_other_types_are_refused(msync: LogIn, alice: User, bob: User, kind: int) -> None:
    """Rooms, recalls, edits and what is not known."""
    code, reason = msync(alice).refused(meta("bob", Body(type=kind)))
    assert (code, bool(reason)) == (Code.NOT_PERMITTED, True)


def test_other_namespaces_are_refused_and_statistics_need_no_answer(
    msync: LogIn, alice: User
) -> None:
    client = msync(alice)
    client.socket.send(envelope(FrameType.SYNC, SyncUp(meta=Meta(id=1, namespace=0))))
    assert client.refused(Meta(id=2, namespace=3, to=Address(name="bob")))[0] == Code.NOT_PERMITTED


class TestReceiptsOfGroups:
    """``allowGroupAck``."""

    def test_a_message_keeps_receipts_also_if_it_does_not_ask(
        self, msync: LogIn, club: str, alice: User, bob: User
    ) -> None:
        """Whether it keeps some is the conversation's policy; the members' clients are told."""
        sender, member = msync(alice), msync(bob)
        sent = [sender.text(club, group=True, asks=asks) for asks in (True, False)]
        assert all(Message.objects.get(pk=pk).tracked for pk in sent)
        assert [member.entry().body.config.allow_group_ack for _ in sent] == [True, True]

    def test_who_may_have_none_may_not_ask(
        self, msync: LogIn, club: str, alice: User, bob: User
    ) -> None:
        """Rule 15. Without asking, the message is sent, and its readers owe nothing."""
        Conversation.objects.update(receipt_policy=ReceiptPolicy.ADMINS)
        owner, member = msync(alice), msync(bob)
        asks = meta(club, text_body("May I?", group=True, asks=True), group=True)
        assert member.refused(asks) == (Code.FAILED, "group ack msg permission denied")
        member.text(club, "Then not", group=True)
        entry = owner.entry()
        assert entry.brief == ("text", "bob", "Then not")
        assert not entry.body.config.allow_group_ack
        owner.text(club, "I may", group=True, asks=True)
        assert member.entry().body.config.allow_group_ack

    def test_messages_to_people_have_no_such_mark(
        self, msync: LogIn, alice: User, bob: User
    ) -> None:
        sender, recipient = msync(alice), msync(bob)
        sender.text("bob")
        assert not recipient.entry().body.HasField("config")


def test_a_message_that_is_gone_and_a_system_line_are_not_pushed(
    msync: LogIn, group: Any, alice: User, bob: User, service_key: str
) -> None:
    msync(bob).confirm()
    backend = User.objects.get(username="backend")
    services.send_system_line(conversation_id=group.pk, sender=backend, body="Ann joined")
    gone, _ = say(alice, group, "gone"), say(alice, group, "stays")
    services.delete_message(by=alice, message_id=gone.pk)
    client = msync(bob)
    assert client.pushed() == [("text", "alice", "stays")]
    assert client.nothing_more()
