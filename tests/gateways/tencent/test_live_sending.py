"""Devices of Tencent's SDKs send, and others receive: rules 1, 9 and 24 over a socket."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts import services
from tests.support.cast import say
from tests.support.tim import GROUPS, Connect, name_of, text_element, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


def test_a_message_to_somebody_has_the_same_id_on_both_sides(
    connect: Connect, alice: User, bob: User
) -> None:
    """The direct conversation is made, as by the native API."""
    sender, reader = connect(alice), connect(bob)
    sent = sender.write(bob, "good morning")
    [received] = reader.pushed_with("C2cMsgArray")
    assert told(received) == told(sent)
    assert received["TinyId"] == str(alice.pk)
    assert (received["From_Account"], received["To_Account"]) == ("alice", "bob")
    assert received["MsgTimeStamp"] == sent["MsgTime"]
    assert received["MsgBody"] == text_element("good morning")
    assert received["IsNeedReadReceipt"] == 1
    assert Message.objects.get().conversation.pair == f"{alice.pk}-{bob.pk}"


def test_a_message_to_a_group_has_its_number_there(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 28."""
    say(alice, group)
    sender, reader = connect(alice), connect(bob)
    sent = sender.write_to(group)
    [received] = reader.pushed_with("GroupMsgArray")
    assert sent["MsgSeq"] == received["MsgSeq"] == 2
    assert told(received) == told(sent)
    assert received["ToGroupId"] == received["GroupInfo"]["GroupId"] == name_of(group)


def test_a_repeat_is_the_same_message(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """After a lost connection the SDK sends again, with all numbers as they were."""
    sender = connect(alice)
    numbers = {"MsgRandom": 5, "MsgSeq": 9}
    first, again = (sender.write(bob, **numbers) for _ in range(2))
    assert first == again
    first, again = (sender.write_to(group, Random=5, ClientSeq=9) for _ in range(2))
    assert first == again
    assert Message.objects.count() == 2
    sender.write(bob, "other words", code=10004, **numbers)


def test_one_to_one_always_has_receipts_and_a_group_on_request(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """There is a conversation's read report one to one; nothing like it tells a group's sender."""
    sender, reader = connect(alice), connect(bob)
    sender.write(bob, IsNeedReadReceipt=0)
    sender.write_to(group, NeedReadReceipt=0)
    sender.write_to(group)
    found = Message.objects.order_by("pk").values_list("tracking", flat=True)
    assert list(found) == ["tracked", "not_requested", "tracked"]
    assert reader.pushed_with("C2cMsgArray")[0]["IsNeedReadReceipt"] == 0
    asked = [reader.pushed_with("GroupMsgArray")[0]["NeedReadReceipt"] for _ in range(2)]
    assert asked == [0, 1]


@pytest.mark.parametrize(
    "wish",
    [
        {"MsgBody": [{"MsgType": "TIMImageElem", "MsgContent": {}}]},
        {"MsgBody": text_element("one") + text_element("two")},
        {"MsgBody": []},
        {"MsgBody": text_element("")},
        {"CloudCustomData": "lost"},
        {"SendMsgControl": ["NoUnread"]},
        {"OnlineOnlyFlag": 1},
        {"MsgLifeTime": 0},
        {"TopicId": "@TOPIC#1"},
    ],
)
def test_what_would_be_lost_is_refused(
    connect: Connect, group: Conversation, alice: User, bob: User, wish: dict[str, Any]
) -> None:
    sender = connect(alice)
    sender.write(bob, code=10004, **wish)
    sender.write_to(group, code=10004, **wish)
    assert not Message.objects.exists()


def test_who_may_not_send_is_refused(
    connect: Connect, group: Conversation, direct: Conversation, dave: User, alice: User
) -> None:
    outsider = connect(dave)
    outsider.write_to(group, code=10010)
    outsider.write(dave, code=10004)
    outsider.ask("openim.sendmsg", {"To_Account": "nobody"}, code=10004)
    services.change_participant(conversation_id=group.pk, user=alice, by=None, muted=True)
    connect(alice).write_to(group, code=10007)
    connect(alice).write_to(direct, code=10010)


def test_messages_of_other_clients_have_lasting_numbers(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """Derived from the message's id and time: the same for all, and after a reconnect."""
    reader, sender = connect(bob), connect(alice)
    say(alice, group)
    [received] = reader.pushed_with("GroupMsgArray")
    [own] = sender.pushed_with("GroupMsgArray")
    assert told(received) == told(own)
    reader.socket.abort()
    [again] = connect(bob, again=reader).pushed_with("GroupMsgArray")
    assert again == received


def test_a_sender_hears_of_it_on_another_device(connect: Connect, alice: User, bob: User) -> None:
    """In such a copy both names are exchanged: the SDK exchanges them back."""
    phone, tablet = connect(alice), connect(alice)
    sent = phone.write(bob)
    [copy] = tablet.pushed_with("C2cMsgArray")
    assert (copy["IsSyncMsg"], copy["From_Account"], copy["To_Account"]) == (1, "bob", "alice")
    assert (told(copy), copy["TinyId"]) == (told(sent), str(alice.pk))


def test_a_system_line_is_numbered_and_not_pushed(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    reader = connect(bob)
    services.send_system_line(conversation_id=group.pk, sender=alice, body="renamed")
    say(alice, group)
    assert reader.pushed_with("GroupMsgArray")[0]["MsgSeq"] == 2


def test_an_edit_and_a_deletion_are_told(
    connect: Connect, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    """Rules 21 and 23: the SDK knows both, as modified and as revoked."""
    reader, sender = connect(bob), connect(alice)
    to_all, to_one = say(alice, group), sender.write(bob)
    to_one_pk = Message.objects.latest("pk").pk
    services.edit_message(by=alice, message_id=to_all.pk, body="tea?")
    [edited] = reader.pushed_with("GroupMsgModNotifys")
    assert (edited["GroupId"], edited["MsgSeq"]) == (name_of(group), 1)
    assert edited["MsgBody"] == text_element("tea?")
    services.edit_message(by=alice, message_id=to_one_pk, body="tea?")
    [edited] = reader.pushed_with("C2cMsgModNotifys")
    assert (told(edited), edited["MsgBody"]) == (told(to_one), text_element("tea?"))
    services.delete_message(message_id=to_all.pk)
    [revoked] = reader.tip("GroupWithdrawInfoArray")
    assert revoked["MsgSeq"] == 1
    services.delete_message(message_id=to_one_pk)
    [revoked] = reader.notice("WithdrawC2cMsgNotify")["C2cWithdrawInfoArray"]
    assert told(revoked) == told(to_one)


def test_a_sender_takes_messages_back(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """Their own only."""
    sender, reader = connect(alice), connect(bob)
    to_one, to_all = sender.write(bob), sender.write_to(group)
    info = {
        "From_Account": "alice", "To_Account": "bob", "MsgTimeStamp": to_one["MsgTime"],
        "MsgSeq": to_one["MsgSeq"], "MsgRandom": to_one["MsgRandom"],
    }  # fmt: skip
    recall = {"GroupId": name_of(group), "MsgSeqList": [{"MsgSeq": to_all["MsgSeq"]}]}
    reader.ask(f"{GROUPS}.group_msg_recall", recall, code=10007)
    swapped = {**info, "To_Account": "alice"}
    reader.ask("openim.msgwithdraw", {"MsgInfo": swapped}, code=10010)
    assert not Message.objects.exclude(deleted_at=None).exists()
    sender.ask("openim.msgwithdraw", {"MsgInfo": info})
    answer = sender.ask(f"{GROUPS}.group_msg_recall", recall)
    assert answer["RecallRetList"] == [{"MsgSeq": to_all["MsgSeq"], "RetCode": 0}]
    assert not Message.objects.filter(deleted_at=None).exists()
