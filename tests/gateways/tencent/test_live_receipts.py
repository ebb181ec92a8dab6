"""Receipts from and to devices of Tencent's SDKs: rules 4 to 7, 13 to 15 and 17 over a socket."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.tim import GROUPS, Connect, Tim, name_of, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


def read_of(reader: Tim, *messages: dict[str, Any], code: int = 0) -> None:
    """``sendMessageReadReceipt``, one to one: of messages as they were received."""
    names = ("From_Account", "To_Account", "MsgSeq", "MsgRandom", "MsgClientTime")
    items = [{name: each[name] for name in names} for each in messages]
    body = {"Peer_Account": messages[0]["From_Account"], "C2CMsgInfo": items}
    reader.ask("openim.c2c_msg_read_receipt", body, code)


def read_in(reader: Tim, group: Conversation, *numbers: int, code: int = 0) -> None:
    """``sendMessageReadReceipt`` in a group."""
    body = {"GroupId": name_of(group), "MsgSeqList": [{"MsgSeq": each} for each in numbers]}
    reader.ask(f"{GROUPS}.group_msg_receipt", body, code)


def read_all(reader: Tim, other: User, until: int) -> None:
    """``setMessageRead`` of a one-to-one conversation."""
    item = {"To_Account": other.username, "LastedMsgTime": until, "Receipt": 1}
    body = {"C2CMsgReaded": {"Cookie": "", "C2CMsgReadedItem": [item]}}
    reader.ask("openim.msgreaded", body)


def peer_read_time(sender: Tim, *others: str) -> list[int]:
    answer = sender.ask("openim.get_peer_read_time", {"To_Account": list(others)})
    times: list[int] = answer["ReadTime"]
    return times


def test_a_receipt_of_a_message_to_somebody(
    api: Any, connect: Connect, alice: User, bob: User
) -> None:
    sender, reader = connect(alice), connect(bob)
    sent = sender.write(bob)
    read_of(reader, *reader.pushed_with("C2cMsgArray"))
    [receipt] = sender.pushed_with("C2cMsgInfo")
    assert (told(receipt), receipt["TinyId"]) == (told(sent), str(alice.pk))
    status = api(alice).get(f"/messages/{Message.objects.get().pk}/status/")
    assert status["overall_status"] == "read"


def test_a_receipt_of_a_message_that_another_client_sent(
    connect: Connect, direct: Conversation, alice: User, bob: User
) -> None:
    """Its numbers are those that follow from its id."""
    sender, reader = connect(alice), connect(bob)
    say(alice, direct)
    received = reader.pushed_with("C2cMsgArray")
    read_of(reader, *received)
    assert told(sender.pushed_with("C2cMsgInfo")[0]) == told(received[0])


def test_nobody_reads_for_somebody_else(
    connect: Connect, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    sender, reader, other = connect(alice), connect(bob), connect(carol)
    sender.write(bob)
    received = reader.pushed_with("C2cMsgArray")[0]
    read_of(other, received, code=10010)
    read_of(reader, {**received, "MsgRandom": 1}, code=10010)
    read_of(reader, {**received, "MsgClientTime": 1}, code=10010)
    read_of(sender, {**received, "From_Account": "alice"}, code=10007)
    assert not MessageStatus.objects.exclude(read_at=None).exists()


def test_counts_of_a_groups_message_are_pushed_fetched_and_listed(
    connect: Connect, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    sender, reader = connect(alice), connect(bob)
    sent = sender.write_to(group)
    number = reader.pushed_with("GroupMsgArray")[0]["MsgSeq"]
    read_in(reader, group, number)
    receipt = sender.tip("GroupMsgReceiptList")[0]
    while receipt["ReadNum"] == 0:  # it was delivered before
        receipt = sender.tip("GroupMsgReceiptList")[0]
    assert told(receipt) == told(sent)
    assert (receipt["MsgSeq"], receipt["ReadNum"], receipt["UnreadNum"]) == (1, 1, 1)
    body = {"GroupId": name_of(group), "MsgSeqList": [{"MsgSeq": 1}, {"MsgSeq": 9}]}
    counts = sender.ask(f"{GROUPS}.get_group_msg_receipt", body)["GroupMsgReceiptList"]
    assert counts == [
        {"MsgSeq": 1, "Code": 0, "ReadNum": 1, "UnreadNum": 1},
        {"MsgSeq": 9, "Code": 10062},
    ]
    detail = {"GroupId": name_of(group), "MsgSeq": 1, "Cursor": "", "Num": 10}
    lists = [
        sender.ask(f"{GROUPS}.get_group_msg_receipt_detail", {**detail, "Flag": flag})
        for flag in (0, 1)
    ]
    assert lists[0]["ReadList"] == [{"Read_Account": "bob"}]
    assert lists[1]["UnreadList"] == [{"Unread_Account": "carol"}]


def test_receipts_are_for_the_sender(
    connect: Connect, group: Conversation, alice: User, bob: User, dave: User
) -> None:
    """Rule 17."""
    say(alice, group)
    for who, code in ((bob, 10062), (dave, 10010)):
        device = connect(who)
        detail = {"GroupId": name_of(group), "MsgSeq": 1, "Flag": 0, "Cursor": "", "Num": 10}
        device.ask(f"{GROUPS}.get_group_msg_receipt_detail", detail, code)
    body = {"GroupId": name_of(group), "MsgSeqList": [{"MsgSeq": 1}]}
    counts = connect(bob).ask(f"{GROUPS}.get_group_msg_receipt", body)["GroupMsgReceiptList"]
    assert counts == [{"MsgSeq": 1, "Code": 10062}]


def test_a_conversation_is_read_up_to_a_second(connect: Connect, alice: User, bob: User) -> None:
    sender, reader = connect(alice), connect(bob)
    sent = sender.write(bob)
    assert peer_read_time(sender, "bob", "nobody") == [0, 0]
    read_all(reader, alice, sent["MsgTime"])
    receipt = sender.notice("C2cReadedReceipt")
    assert receipt == {"To_Account": "bob", "UinPairReadArray": [{"LastReadTime": sent["MsgTime"]}]}
    assert peer_read_time(sender, "nobody", "bob") == [0, sent["MsgTime"]]


def test_the_second_ends_before_what_is_not_read(
    connect: Connect, direct: Conversation, alice: User, bob: User
) -> None:
    """Both messages fall into one second, and the SDK would show both as read."""
    sender = connect(alice)
    first, second = say(alice, direct), say(alice, direct)
    time = first.created_at.replace(microsecond=0)
    for place, message in enumerate((first, second), start=1):
        at = time.replace(microsecond=place)
        Message.objects.filter(pk=message.pk).update(created_at=at)
        MessageStatus.objects.filter(message=message).update(sent_at=at)
    MessageStatus.objects.filter(message=second).update(read_at=None)
    reader = connect(bob)
    numbers = {"MsgSeq": 1, "MsgRandom": first.pk + 1, "MsgClientTime": int(time.timestamp())}
    read_of(reader, {"From_Account": "alice", "To_Account": "bob", **numbers})
    assert peer_read_time(sender, "bob") == [int(time.timestamp()) - 1]


def test_a_group_is_read_up_to_a_number(
    api: Any, connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    for _ in range(3):
        say(alice, group)
    phone, tablet = connect(bob), connect(bob)
    body = {"GroupId": name_of(group), "MsgReadedSeq": 2}
    phone.ask(f"{GROUPS}.msg_read_report", body)
    assert api(bob).get(f"/conversations/{group.pk}/")["unread_count"] == 1
    assert tablet.tip("GroupReadInfoArray") == [{"GroupId": name_of(group), "LastReadMsgSeq": 2}]
    phone.ask(f"{GROUPS}.msg_read_report", {**body, "MsgReadedSeq": 2**40})
    assert tablet.tip("GroupReadInfoArray") == [{"GroupId": name_of(group), "LastReadMsgSeq": 3}]


def test_what_was_read_on_one_device_is_read_on_the_other(
    connect: Connect, alice: User, bob: User
) -> None:
    sender, phone, tablet = connect(alice), connect(bob), connect(bob)
    sent = sender.write(bob)
    read_all(phone, alice, sent["MsgTime"])
    [read] = tablet.notice("ReadC2cMsgNotify")["UinPairReadArray"]
    assert read["From_Account"] == "alice"
    assert read["LastReadTime"] >= sent["MsgTime"]


def test_what_a_device_acknowledges_is_delivered(
    api: Any, connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """The protocol has no receipt of deliveries, but pushes are acknowledged."""
    message = say(alice, group)
    later = connect(bob)
    newest = say(alice, group)
    later.pushed_with("GroupMsgArray")
    path = f"/messages/{newest.pk}/status/"
    assert api(alice).get(path)["delivered_count"] == 0
    later.acknowledge()
    assert api(alice).get(path)["delivered_count"] == 1
    assert api(alice).get(f"/messages/{message.pk}/status/")["delivered_count"] == 0


def test_a_private_read_is_a_delivery_everywhere(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: to the byte what an acknowledged delivery is."""
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=False)
    sender, reader = connect(alice), connect(bob)
    sent = sender.write(bob)
    sender.write_to(group)
    reader.pushed_with("GroupMsgArray")
    reader.acknowledge()
    detail = {"GroupId": name_of(group), "MsgSeq": 1, "Flag": 0, "Cursor": "", "Num": 10}

    def shown() -> list[Any]:
        lists = [
            sender.ask(f"{GROUPS}.get_group_msg_receipt_detail", {**detail, "Flag": flag})
            for flag in (0, 1)
        ]
        return [peer_read_time(sender, "bob"), *lists]

    delivered = shown()
    read_of(reader, {**sent, "From_Account": "alice"})
    read_all(reader, alice, sent["MsgTime"])
    read_in(reader, group, 1)
    assert MessageStatus.objects.filter(recipient=bob, seen_at=None).count() == 0
    assert shown() == delivered
    sender.write_to(group, "the last one")
    events = iter(lambda: sender.pushed_with("Event"), 3)
    assert not {10, 16} & set(events)
