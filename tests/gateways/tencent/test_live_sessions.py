"""Connections of Tencent's SDKs: logins, lost connections, start-up, and bad input."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.authentication import issue_token
from chat.models import Conversation, Message, MessageNumber, User
from receipts.feed.devices import Device
from receipts.feed.looking import Listener
from receipts.feed.positions import newest_position
from receipts.gateways.tencent import facts
from receipts.gateways.tencent.commands import COMMANDS, FIXED
from receipts.gateways.tencent.live import VENDOR
from receipts.models import DevicePosition
from tests.support.cast import ON_POSTGRES, say
from tests.support.tim import GROUPS, Connect, name_of
from tests.support.websocket import Dial

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


def test_a_login_says_who_one_is(connect: Connect, alice: User) -> None:
    device = connect(alice, login=False)
    device.ask("im_open_status.wshello", {}, a2=None)
    answer = device.log_in()
    assert (answer["A2Key"], answer["TinyId"]) == (device.token, str(alice.pk))
    assert answer["HelloInterval"] == 10


def test_frames_are_text_where_the_client_sends_text(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """``/info``, where binary frames cannot be used."""
    reader = connect(bob, path="/info?sdkappid=1")
    say(alice, group)
    assert reader.pushed_with("GroupMsgArray")[0]["MsgSeq"] == 1


def test_a_login_needs_the_own_token(
    connect: Connect, alice: User, bob: User, service_key: str
) -> None:
    device = connect(alice, login=False)
    device.ask("profile.portrait_get_all", {}, 70003, a2=None)
    for token in ("", "x", service_key, None, 5, ["x"]):
        device.log_in(70003, usersig=token)
    device.log_in(10007, usersig=issue_token(bob)[0])
    device.log_in()


def test_an_expired_token_asks_for_another(connect: Connect, alice: User, settings: Any) -> None:
    """70001: the SDK tells its app so."""
    settings.TOKEN_LIFETIME_SECONDS = -60
    device = connect(alice, login=False)
    device.log_in(70001)


def test_what_everybody_is_answered_is_answered_with_an_expired_token_too(
    connect: Connect, alice: User, settings: Any
) -> None:
    """The SDK reports even its expiry with it, and connects anew at once when that is refused."""
    settings.TOKEN_LIFETIME_SECONDS = -60
    device = connect(alice, login=False)
    for command in ("imopenstat.tim_web_report_v2", "im_open_status.wshello", "heartbeat.alive"):
        device.ask(command, {})


def test_a_waiting_request_logs_in_by_itself(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    """After a lost connection the SDK sends what waits before it logs in again."""
    first = connect(alice)
    reader = connect(bob)
    first.socket.abort()
    again = connect(alice, again=first, login=False)
    sent = again.write_to(group)
    assert reader.pushed_with("GroupMsgArray")[0]["MsgSeq"] == sent["MsgSeq"]
    answer = again.ask("im_open_status.wslogin", {})
    assert answer["InstId"] == first.instance


def test_nobody_speaks_for_somebody_else(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    device = connect(alice)
    device.ask("openim.getmsg", {}, 10007, a2=issue_token(bob)[0])
    device.ask("openim.getmsg", {}, 70003, a2="nonsense")
    device.ask("openim.getmsg", {}, a2=issue_token(alice)[0])


def test_what_was_missed_comes_after_a_reconnect_and_what_was_confirmed_does_not(
    connect: Connect, group: Conversation, alice: User, bob: User
) -> None:
    first = connect(bob)
    say(alice, group)
    first.pushed_with("GroupMsgArray")
    device = Device.of(bob, "tencent", str(first.instance))
    position = DevicePosition.objects.filter(device=device.name)
    stored = position.get().cursor
    first.acknowledge()
    while position.get().cursor == stored:  # written a moment later
        pass
    say(alice, group)
    first.pushed_with("GroupMsgArray")  # not acknowledged
    first.socket.close()
    say(alice, group)
    again = connect(bob, again=first)
    assert [again.pushed_with("GroupMsgArray")[0]["MsgSeq"] for _ in range(2)] == [2, 3]


def test_a_logout_ends_the_connection(connect: Connect, alice: User) -> None:
    device = connect(alice)
    device.ask("im_open_status.wslogout", {})
    assert device.socket.closed() == 1000


def test_groups_are_listed_with_their_next_number_and_the_own_part(
    connect: Connect, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    say(alice, group)
    say(alice, group)
    say(alice, direct)
    device = connect(bob)
    listed = device.ask(f"{GROUPS}.get_joined_group_list", {"Limit": 200, "Offset": 0})
    [shape] = listed["GroupIdList"]
    assert (listed["TotalCount"], shape["GroupId"]) == (1, name_of(group))
    assert (shape["NextMsgSeq"], shape["MemberNum"], shape["SelfInfo"]["MsgSeq"]) == (3, 3, 0)
    assert shape["SelfInfo"]["Role"] == "Member"
    asked = {"GroupIdList": [name_of(group), "nowhere", "9" * 30]}
    [mine] = device.ask(f"{GROUPS}.get_group_self_member_info", asked)["GroupInfo"]
    assert {**mine, "ErrorCode": None} == {**shape, "ErrorCode": None}
    page = device.ask(f"{GROUPS}.get_joined_group_list", {"Limit": 1, "Offset": 1})
    assert (page["TotalCount"], page["GroupIdList"]) == (1, [])


def test_profiles_are_those_of_people_one_shares_a_conversation_with(
    connect: Connect, group: Conversation, alice: User, dave: User
) -> None:
    """A stranger looks like nobody."""
    names = ["alice", "bob", "dave", "nobody"]
    body = {"UserItem": [{"To_Account": name} for name in names]}
    found = connect(alice).ask("profile.portrait_get_all", body)["UserProfileItem"]
    nicks = [[each["Value"] for each in item["ProfileItem"]][:1] for item in found]
    assert nicks == [["Alice"], ["Bob"], [], []]


def test_unknown_commands_are_refused(connect: Connect, alice: User) -> None:
    connect(alice).ask("openim.getroammsg", {}, 10003)


@pytest.mark.one_server
def test_the_number_of_statements_of_a_push_is_constant(
    group: Conversation, direct: Conversation, alice: User, bob: User, statements: Any
) -> None:
    counted = []
    for times in (1, 10):
        messages = [say(alice, each) for _ in range(times) for each in (group, direct)]
        told: dict[int, list[Any]] = {
            who.pk: [
                {
                    "kind": "message.created", "conversation": each.conversation_id,
                    "message": {"id": each.pk, "kind": "message", "deleted_at": None, "body": ""},
                }
                for each in messages
            ]
            for who in (alice, bob)
        }  # fmt: skip
        told[alice.pk] += [
            {
                "kind": "receipt.updated", "conversation": each.conversation_id,
                "at": each.created_at, "marks": [], "marks_left_out": 1, "receipts": [
                    {"message": each.pk, "read_count": 1, "total_recipients": 1}
                ],
            }
            for each in messages
        ]  # fmt: skip
        told[bob.pk] += [
            {
                "kind": "conversation.read", "conversation": each.conversation_id,
                "at": each.created_at, "unread_count": 1, "first_unread_message": each.pk,
            }
            for each in messages
        ]  # fmt: skip
        listeners = {who.pk: Listener.of(who) for who in (alice, bob)}
        with statements() as these:
            written = VENDOR.encode(told, listeners, newest_position())
        assert len(written[bob.pk]) == 4 * times
        counted.append(len(these))
    begin = 0 if ON_POSTGRES else 1  # which counts as a statement
    assert counted == [10 + begin] * 2


def test_members_of_a_group_that_is_being_numbered_come_again(
    connect: Connect, group: Conversation, alice: User, bob: User, monkeypatch: Any
) -> None:
    """What cannot be numbered at once is pushed after a reconnect, in order."""
    device = connect(bob)
    monkeypatch.setattr(facts, "MOST_NUMBERED_LIVE", 1)
    for _ in range(3):
        Message.objects.create(conversation=group, sender=alice, body="from elsewhere")
    say(alice, group)
    assert device.socket.closed() == 1001
    monkeypatch.undo()
    assert connect(bob, again=device).pushed_with("GroupMsgArray")[0]["MsgSeq"] == 4


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [b"\xff\x00", b"{", b"[]", b"5", b'{"head": 5}', b'{"head": {"servcmd": 5, "seq": 1}}',
     b'{"head": {"servcmd": "heartbeat.alive", "seq": "1"}}', b'{"head": {"servcmd": "\\ud800"}}'],
)  # fmt: skip
def test_garbage_closes_the_connection(dial: Dial, garbage: bytes) -> None:
    client = dial("/binfo")
    client.send(garbage)
    assert client.closed() == 1007


ODD: Any = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False),
    st.text(max_size=20), st.just("\x00"), st.lists(st.none(), max_size=3), st.just({}),
    st.just([{}]), st.just("@TGS#1"), st.just(2**63 - 1),
)  # fmt: skip
FIELDS = [
    "From_Account", "To_Account", "Peer_Account", "GroupId", "GroupIdList", "MsgSeqList", "MsgSeq",
    "MsgRandom", "Random", "ClientSeq", "MsgClientTime", "MsgBody", "IsNeedReadReceipt",
    "NeedReadReceipt", "C2CMsgInfo", "C2CMsgReaded", "MsgReadedSeq", "Flag", "Num", "Cursor",
    "UserItem", "Limit", "Offset", "MsgInfo", "SessionData", "CloudCustomData",
]  # fmt: skip


def test_odd_values_are_answered_and_nothing_is_half_done(
    connect: Connect, group: Conversation, direct: Conversation, alice: User, caplog: Any
) -> None:
    """Each command, with fields of every kind, in bodies that would otherwise be right."""
    device = connect(alice)
    right: dict[str, Any] = {
        "To_Account": "bob", "Peer_Account": "bob", "GroupId": name_of(group), "MsgSeq": 1,
        "MsgRandom": 1, "Random": 1, "ClientSeq": 1, "MsgClientTime": 1, "MsgBody": 5, "Flag": 0,
        "Num": 5, "Cursor": "", "MsgSeqList": [{"MsgSeq": 1}], "GroupIdList": [name_of(group)],
        "MsgInfo": {"To_Account": "bob", "MsgSeq": 1, "MsgRandom": 1, "MsgTimeStamp": 1},
    }  # fmt: skip
    commands = st.sampled_from([*COMMANDS, *FIXED, "openim.ws_msg_push_ack", "x", ""])

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(commands, st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=4), ODD)
    def ask(command: str, odd: dict[str, Any], element: Any) -> None:
        body = {**right, "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": element}], **odd}
        try:
            frame = orjson.dumps(body)
        except (TypeError, orjson.JSONEncodeError):  # numbers that JSON has, but not ours
            return
        answer = device.ask_anything(command, orjson.loads(frame))
        assert answer["ActionStatus"] in ("OK", "FAIL")

    with caplog.at_level(logging.ERROR):
        ask()
    assert [each for each in caplog.records if each.exc_info or each.levelno >= 40] == []
    assert not Message.objects.exists()
    assert not MessageNumber.objects.exists()
