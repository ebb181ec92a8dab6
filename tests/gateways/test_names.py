"""Messages named by ``ext:`` and a name: answered as by number, and unknown ones alike."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from chat.authentication import issue_token
from chat.models import Conversation, Message, Tracking, User
from receipts.models import MessageStatus
from receipts.services.storing import live_time, store_message
from tests.support.agora import read
from tests.support.cast import say
from tests.support.documents import Document
from tests.support.named import say_named
from tests.support.sendbird import Sendbird, url_of
from tests.support.tencent import Admin, seq

pytestmark = pytest.mark.django_db

NAME = "$Xp3 b+c%2F:tea.example"
NAMED = f"ext:{NAME}"
IN_PATH = quote(NAMED, safe="")


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    """The second of three."""
    say(alice, group, "first")
    message = say_named(NAME, alice, group, "second")
    say(alice, group, "third")
    return message


def ask(user: User, method: str, path: str, body: Any = None) -> Any:
    """A call as this user; the status, and the body without the time of the answer."""
    headers = {"Authorization": f"Bearer {issue_token(user)[0]}"}
    content = b"" if body is None else json.dumps(body)
    response = Client(raise_request_exception=False).generic(
        method, path, content, content_type="application/json", headers=headers
    )
    answer = response.json()
    if "timestamp" in answer:
        answer["timestamp"] = answer.get("data", answer)["timestamp"] = 0
    return response.status_code, answer


def read_by(message: Message) -> set[str]:
    rows = MessageStatus.objects.filter(message=message, read_at__isnull=False)
    return set(rows.values_list("recipient__username", flat=True))


# --- Sendbird ------------------------------------------------------------------------------------


def test_sendbird_shows_edits_and_deletes_it(
    sendbird: Sendbird, group: Conversation, message: Message
) -> None:
    messages = f"/group_channels/{url_of(group)}/messages"
    shown = sendbird.get(f"{messages}/{IN_PATH}")
    assert shown == sendbird.get(f"{messages}/{message.pk}")
    assert shown["message"] == "second"
    assert sendbird.put(f"{messages}/{IN_PATH}", {"message": "2nd"})["message"] == "2nd"
    sendbird("DELETE", f"{messages}/{IN_PATH}")
    message.refresh_from_db()
    assert (message.body, message.deleted_at is None) == ("2nd", False)


def test_sendbird_lists_around_it(
    sendbird: Sendbird, group: Conversation, message: Message
) -> None:
    messages, limits = f"/group_channels/{url_of(group)}/messages", {"next_limit": 1}
    found = sendbird.get(messages, message_id=NAMED, prev_limit=1, **limits)
    assert found == sendbird.get(messages, message_id=message.pk, prev_limit=1, **limits)
    assert [each["message"] for each in found["messages"]] == ["first", "second", "third"]


def test_sendbird_marks_read_up_to_it_and_unread_from_it(
    sendbird: Sendbird, group: Conversation, message: Message
) -> None:
    path = f"/group_channels/{url_of(group)}/messages/mark_as_read"
    sendbird.put(path, {"user_id": "bob", "message_id": NAMED})
    reads = MessageStatus.objects.filter(recipient__username="bob").order_by("message_id")
    assert [row.read_at is not None for row in reads] == [True, True, False]
    counts = sendbird.put(path, {"user_id": "bob", "message_id": NAMED, "is_excluded": True})
    assert counts["unread_message_count"] == 2


@pytest.mark.parametrize("missing", [10**9, "ext:nothing", "ext:first"])
def test_sendbird_finds_no_other(
    sendbird: Sendbird, group: Conversation, message: Message, missing: int | str
) -> None:
    """The error of an unknown number; a body is no name."""
    channel = f"/group_channels/{url_of(group)}/messages"
    for method, body in (("GET", None), ("PUT", {"message": "x"}), ("DELETE", None)):
        assert sendbird.refused(method, f"{channel}/{missing}", body) == 400201
    query = urlencode({"message_id": missing})
    assert sendbird.refused("GET", f"{channel}?{query}") == 400201
    for more in ({}, {"is_excluded": True}):
        body = {"user_id": "bob", "message_id": missing, **more}
        assert sendbird.refused("PUT", f"{channel}/mark_as_read", body) == 400201
    assert not MessageStatus.objects.exclude(seen_at=None).exists()


def test_sendbird_finds_it_in_its_own_channel_only(
    sendbird: Sendbird, direct: Conversation, message: Message
) -> None:
    channel = f"/group_channels/{url_of(direct)}/messages"
    assert sendbird.refused("GET", f"{channel}/{IN_PATH}") == 400201
    body = {"user_id": "bob", "message_id": NAMED}
    assert sendbird.refused("PUT", f"{channel}/mark_as_read", body) == 400201


@pytest.mark.parametrize("wrong", ["12", "order-7", "ext:", [1], {"external_id": NAME}, True])
def test_sendbird_takes_nothing_else_for_an_id(
    sendbird: Sendbird, group: Conversation, message: Message, wrong: Any
) -> None:
    path = f"/group_channels/{url_of(group)}/messages/mark_as_read"
    assert sendbird.refused("PUT", path, {"user_id": "bob", "message_id": wrong}) == 400101


def test_sendbird_shows_a_system_line_as_an_admin_message(
    sendbird: Sendbird, group: Conversation, alice: User
) -> None:
    """It has no sender there, and no receipts."""
    first = say(alice, group)
    line = store_message(
        conversation_id=group.pk, sender_id=alice.pk, body="Ann joined.", client_id=None,
        created_at=live_time(first.created_at), tracking=Tracking.SYSTEM, recipients=2,
    )  # fmt: skip
    shown = sendbird.get(f"/group_channels/{url_of(group)}/messages/{line.pk}")
    assert (shown["type"], shown["message"]) == ("ADMM", "Ann joined.")
    assert "user" not in shown
    assert Document("sendbird").faults("Message", shown) == []
    assert shown["seenby"]["tracked"] is False
    listed = sendbird.get(f"/group_channels/{url_of(group)}/messages", message_ts=0, next_limit=9)
    assert [each["type"] for each in listed["messages"]] == ["MESG", "ADMM"]


# --- social.plus, Tencent, Agora -----------------------------------------------------------------


def test_socialplus_shows_it_and_who_has_read_it(
    group: Conversation, message: Message, alice: User, bob: User
) -> None:
    read(bob, message, 1)
    for path in (
        "/api/v5/messages/{}",
        "/api/v1/markers/messages/{}/read-users",
        "/api/v1/markers/messages/{}/delivered-users",
        "/api/v1/markers/messages?messageIds[]={}",
    ):
        status, answer = ask(alice, "GET", path.format(IN_PATH))
        assert (status, answer) == ask(alice, "GET", path.format(message.pk))
        assert status == 200
    users = ask(alice, "GET", f"/api/v1/markers/messages/{IN_PATH}/read-users")[1]
    assert users["publicUserIds"] == ["bob"]
    edited = ask(alice, "PUT", f"/api/v5/messages/{IN_PATH}", {"data": {"text": "2nd"}})[1]
    assert edited["messages"][0]["data"] == {"text": "2nd"}


def test_socialplus_marks_delivered_up_to_it(
    group: Conversation, message: Message, bob: User
) -> None:
    path = f"/api/v1/markers/message-feeds/{group.pk}/mark-delivering"
    assert ask(bob, "PUT", path, {"messageId": NAMED})[0] == 200
    rows = MessageStatus.objects.filter(recipient=bob).order_by("message_id")
    assert [row.delivered_at is not None for row in rows] == [True, True, False]


def test_socialplus_counts_names_in_one_statement(
    group: Conversation, alice: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        say_named(f"m{number}", alice, group)
    query = "&".join(f"messageIds[]=ext:m{number}" for number in range(5))
    ask(alice, "GET", f"/api/v1/markers/messages?{query}")
    with django_assert_max_num_queries(5):
        _, answer = ask(alice, "GET", f"/api/v1/markers/messages?{query}&messageIds[]=ext:x")
    assert len(answer["contentMarkers"]) == 5


@pytest.mark.parametrize("who", ["alice", "dave"])
def test_socialplus_answers_for_unknown_names_as_for_unknown_numbers(
    group: Conversation, message: Message, alice: User, dave: User, who: str
) -> None:
    """Rule 17: and a stranger cannot tell a name that is taken from one that is not."""
    caller = {"alice": alice, "dave": dave}[who]
    names = ["ext:nothing", *([IN_PATH, str(message.pk)] if who == "dave" else [])]
    feed = f"/api/v1/markers/message-feeds/{group.pk}/mark-delivering"
    for method, path, body in (
        ("GET", "/api/v5/messages/{}", None),
        ("PUT", "/api/v5/messages/{}", {"data": {"text": "x"}}),
        ("DELETE", "/api/v5/messages/{}", None),
        ("GET", "/api/v1/markers/messages/{}/read-users", None),
        ("GET", "/api/v1/markers/messages?messageIds[]={}", None),
    ):
        unknown = ask(caller, method, path.format(10**9), body)
        for name in names:
            assert ask(caller, method, path.format(name), body) == unknown
    unknown = ask(caller, "PUT", feed, {"messageId": str(10**9)})
    for name in ("ext:nothing", *([NAMED] if who == "dave" else [])):
        assert ask(caller, "PUT", feed, {"messageId": name}) == unknown


def test_tencent_names_messages_as_the_request_does(
    group: Conversation, message: Message, bob: User, service_key: str
) -> None:
    admin, room = Admin(service_key), {"GroupId": str(group.pk)}
    asked = [{"MsgSeq": NAMED}, {"MsgSeq": seq(message)}, {"MsgSeq": "ext:nothing"}]
    admin("group_msg_receipt", {**room, "From_Account": "bob", "MsgSeqList": asked[:1]})
    assert read_by(message) == {"bob"}
    answer = admin("get_group_msg_receipt", {**room, "MsgSeqList": asked})
    assert answer["GroupMsgReceiptList"] == [
        {"MsgSeq": NAMED, "Code": 0, "ReadNum": 1, "UnreadNum": 1},
        {"MsgSeq": seq(message), "Code": 0, "ReadNum": 1, "UnreadNum": 1},
        {"MsgSeq": "ext:nothing", "Code": 10062},
    ]
    detail = {**room, "Filter": 0, "Count": 9}
    found = admin("get_group_msg_receipt_detail", {**detail, "MsgSeq": NAMED})
    assert found["ReadList"] == [{"Read_Account": "bob"}]
    admin("get_group_msg_receipt_detail", {**detail, "MsgSeq": "ext:nothing"}, code=10062)
    unknown = {**room, "From_Account": "bob", "MsgSeqList": asked[2:]}
    assert "ext:nothing" in admin("group_msg_receipt", unknown, code=10004)["ErrorInfo"]


@pytest.mark.parametrize(
    "wrong", ["12", "order-7", "", "ext:", None, ["ext:x"], {"external_id": "x"}]
)
def test_tencent_takes_nothing_else_for_a_message(
    group: Conversation, message: Message, service_key: str, wrong: Any
) -> None:
    body = {"GroupId": str(group.pk), "MsgSeqList": [{"MsgSeq": wrong}]}
    assert "MsgSeq" in Admin(service_key)("get_group_msg_receipt", body, code=10004)["ErrorInfo"]


def test_agora_lists_who_has_read_it(
    group: Conversation, direct: Conversation, message: Message, alice: User, bob: User
) -> None:
    read(bob, message, 1)
    path = "/org/app/chatgroups/{}/acks/{}"
    status, answer = ask(alice, "GET", path.format(group.pk, IN_PATH))
    assert (status, answer) == ask(alice, "GET", path.format(group.pk, message.pk))
    assert (status, answer["data"]["userlist"]) == (200, ["bob"])
    unknown = ask(alice, "GET", path.format(group.pk, 10**9))
    assert unknown[0] == 404
    assert ask(alice, "GET", path.format(group.pk, "ext:nothing")) == unknown
    assert ask(alice, "GET", path.format(direct.pk, IN_PATH)) == unknown


def test_nobody_is_asked_for_a_name_with_nul(
    sendbird: Sendbird, group: Conversation, message: Message, service_key: str
) -> None:
    """PostgreSQL would refuse it."""
    path = f"/group_channels/{url_of(group)}/messages/mark_as_read"
    assert sendbird.refused("PUT", path, {"user_id": "bob", "message_id": "ext:\x00"}) == 400151
    body = {"GroupId": str(group.pk), "MsgSeqList": [{"MsgSeq": "ext:\x00"}]}
    [item] = Admin(service_key)("get_group_msg_receipt", body)["GroupMsgReceiptList"]
    assert item["Code"] == 10062
