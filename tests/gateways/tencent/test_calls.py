"""Tencent's three server calls: counts, members in pages, and reading."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.tencent import Admin, seq, seqs


@pytest.fixture
def admin(service_key: str) -> Admin:
    return Admin(service_key)


@pytest.fixture
def room(group: Conversation) -> str:
    Conversation.objects.filter(pk=group.pk).update(external_id="@TGS#1")
    return "@TGS#1"


def test_counts_stand_for_each_message_with_its_own_code(
    admin: Admin, api: Any, group: Conversation, room: str, alice: User, bob: User, settings: Any
) -> None:
    """10062 without receipts: not requested, deleted, missing; 10060 with too many members."""
    read = say(alice, group)
    api(bob).post(f"/messages/{read.pk}/read/")
    untracked = say(alice, group, request_receipts=False)
    deleted = say(alice, group)
    services.delete_message(message_id=deleted.pk)
    settings.RECEIPTS_MAX_RECIPIENTS = 1
    crowded = say(alice, group)
    asked = [*seqs(read, untracked, deleted, crowded), {"MsgSeq": 2**40}]
    answer = admin("get_group_msg_receipt", {"GroupId": room, "MsgSeqList": asked})
    assert answer["GroupMsgReceiptList"] == [
        {"MsgSeq": seq(read), "Code": 0, "ReadNum": 1, "UnreadNum": 1},
        {"MsgSeq": seq(untracked), "Code": 10062},
        {"MsgSeq": seq(deleted), "Code": 10062},
        {"MsgSeq": seq(crowded), "Code": 10060},
        {"MsgSeq": 2**40, "Code": 10062},
    ]


def test_a_message_of_another_group_has_no_receipts_here(
    admin: Admin, group: Conversation, direct: Conversation, alice: User
) -> None:
    other = say(alice, direct)
    body = {"GroupId": str(group.pk), "MsgSeqList": seqs(other)}
    [item] = admin("get_group_msg_receipt", body)["GroupMsgReceiptList"]
    assert item == {"MsgSeq": seq(other), "Code": 10062}
    detail = {"GroupId": str(group.pk), "MsgSeq": seq(other), "Filter": 0, "Cursor": "", "Count": 1}
    admin("get_group_msg_receipt_detail", detail, code=10062)
    body["From_Account"] = "bob"
    admin("group_msg_receipt", body, code=10004)
    assert not MessageStatus.objects.exclude(seen_at=None).exists()


def test_members_come_in_pages_until_it_is_finished(
    admin: Admin, group: Conversation, room: str, alice: User
) -> None:
    for number in range(5):
        user = User.objects.create_user(f"u{number}")
        services.add_participant(conversation_id=group.pk, user=user)
    message = say(alice, group)
    for name in ("u0", "u1", "u2"):
        body = {"GroupId": room, "From_Account": name, "MsgSeqList": seqs(message)}
        admin("group_msg_receipt", body)

    def pages(which: int) -> list[tuple[list[str], int]]:
        found, cursor = [], ""
        name, account = (("ReadList", "Read_Account"), ("UnreadList", "Unread_Account"))[which]
        while not found or not found[-1][1]:
            answer = admin(
                "get_group_msg_receipt_detail",
                {
                    "GroupId": room,
                    "MsgSeq": seq(message),
                    "Filter": which,
                    "Cursor": cursor,
                    "Count": 2,
                },
            )
            people = [each[account] for each in answer[name]]
            found.append((people, answer["IsFinish"]))
            cursor = answer["Cursor"]
        assert cursor == ""
        return found

    assert pages(0) == [(["u0", "u1"], 0), (["u2"], 1)]
    assert pages(1) == [(["bob", "carol"], 0), (["u3", "u4"], 1)]


def test_reading_counts_natively_and_passes_over_what_is_not_the_readers(
    admin: Admin, api: Any, group: Conversation, room: str, alice: User, bob: User, dave: User
) -> None:
    """It is an error if nothing is left to read, as in its own SDK."""
    mine, theirs = say(bob, group), say(alice, group, mark_read=False)
    body = {"GroupId": room, "From_Account": "bob", "MsgSeqList": seqs(mine, theirs)}
    assert [admin("group_msg_receipt", body) for _ in range(2)] == [
        {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}
    ] * 2
    assert api(alice).get(f"/messages/{theirs.pk}/status/")["read_count"] == 1
    assert api(bob).get(f"/messages/{mine.pk}/status/")["read_count"] == 0
    admin("group_msg_receipt", {**body, "MsgSeqList": seqs(mine)}, code=10007)
    admin("group_msg_receipt", {**body, "From_Account": "dave"}, code=10007)
    admin("group_msg_receipt", {**body, "From_Account": "nobody"}, code=10004)


def test_a_private_read_is_a_delivery_to_the_byte(
    admin: Admin, api: Any, group: Conversation, room: str, alice: User, bob: User
) -> None:
    """Rule 13."""
    message = say(alice, group)
    detail = {"GroupId": room, "MsgSeq": seq(message), "Cursor": "", "Count": 200}

    def told() -> list[Any]:
        one = admin("get_group_msg_receipt", {"GroupId": room, "MsgSeqList": seqs(message)})
        lists = [
            admin("get_group_msg_receipt_detail", {**detail, "Filter": each}) for each in (0, 1)
        ]
        return [one, *lists]

    api(bob).post(f"/messages/{message.pk}/delivered/")
    delivered = told()
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=False)
    body = {"GroupId": room, "From_Account": "bob", "MsgSeqList": seqs(message)}
    assert admin("group_msg_receipt", body)["ErrorCode"] == 0
    assert MessageStatus.objects.get(recipient=bob).seen_at is not None
    assert told() == delivered
    assert {"Unread_Account": "bob"} in delivered[2]["UnreadList"]
