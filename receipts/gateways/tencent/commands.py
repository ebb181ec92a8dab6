"""The commands of a device, by the names that its frames give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chat.models import User
from receipts.api.receipts import MAX_SUMMARIES
from receipts.gateways.tencent import live_marks, revoking, starting, talking
from receipts.gateways.tencent.errors import NoReceipts
from receipts.gateways.tencent.reading import (
    bounded_number,
    member_cursor,
    message_sequence,
    message_sequences,
)
from receipts.gateways.tencent.receipts import MOST_LISTED, counts_in_group, page_of_members
from receipts.gateways.tencent.shapes import envelope

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """What runs for a command, and whether it writes."""

    run: Callable[[User, Body], dict[str, Any]]
    writes: bool = False


def _counts(user: User, body: Body) -> dict[str, Any]:
    """``get_group_msg_receipt``"""
    given = message_sequences(body.get("MsgSeqList"), MAX_SUMMARIES)
    group = talking.group_named(user, body.get("GroupId")).pk
    return {"GroupMsgReceiptList": counts_in_group(user, group, given)}


def _members(user: User, body: Body) -> dict[str, Any]:
    """``get_group_msg_receipt_detail``; devices call two fields otherwise than backends do."""
    which = bounded_number("Flag", body.get("Flag"), 1, least=0)
    count = bounded_number("Num", body.get("Num"), MOST_LISTED)
    after = member_cursor(body.get("Cursor", ""))
    seq = message_sequence(body.get("MsgSeq"))
    group = talking.group_named(user, body.get("GroupId")).pk
    try:
        return page_of_members(user, group, seq, which=which, count=count, after=after)
    except NoReceipts as error:
        return envelope("FAIL", error.code, str(error))


_GROUPS, _MANY = "group_open_http_svc", "million_group_open_http_svc"
COMMANDS: dict[str, Command] = {
    "openim.sendmsg": Command(talking.send_to_one, writes=True),
    f"{_GROUPS}.send_group_msg": Command(talking.send_to_group, writes=True),
    "openim.c2c_msg_read_receipt": Command(live_marks.read_of_one, writes=True),
    f"{_GROUPS}.group_msg_receipt": Command(live_marks.read_in_groups, writes=True),
    "openim.msgreaded": Command(live_marks.read_with_one, writes=True),
    f"{_GROUPS}.msg_read_report": Command(live_marks.read_group, writes=True),
    "openim.msgwithdraw": Command(revoking.revoke_of_one, writes=True),
    f"{_GROUPS}.group_msg_recall": Command(revoking.revoke_in_group, writes=True),
    f"{_GROUPS}.get_group_msg_receipt": Command(_counts),
    f"{_GROUPS}.get_group_msg_receipt_detail": Command(_members),
    "openim.get_peer_read_time": Command(starting.peer_read_times),
    "profile.portrait_get_all": Command(starting.profiles),
    f"{_GROUPS}.get_joined_group_list": Command(starting.groups),
    f"{_GROUPS}.get_group_self_member_info": Command(starting.own_memberships),
}

#: What Seenby has nothing of: the same answer for everybody. A missing field may make a client ask
#: again without end.
FIXED: dict[str, dict[str, Any]] = {
    "heartbeat.alive": {},
    "sns.black_list_get": {"BlackListItem": [], "StartIndex": 0, "CurruentSequence": 0},
    "sns.friend_get": {},
    "sns.group_get": {},
    "sns.pendency_get": {},
    "recentcontact.page_get": {
        "SessionItem": [], "CompleteFlag": 1, "TopItem": [], "TimeStamp": 0, "StartIndex": 0,
        "TopTimeStamp": 0, "TopStartIndex": 0,
    },
    "recentcontact.get_contact_group": {},
    "recentcontact.search_contact_group": {},
    f"{_MANY}.get_joined_group_list": {"TotalCount": 0, "GroupIdList": []},
    "openim.getmsg": {"MsgList": [], "SyncFlag": 2, "Cookie": "", "C2cNotifyMsgArray": []},
    "openim.authkey": {},
    "openim.get_c2c_peer_mute_notifications": {},
    "im_sdk_config_mgr.fetch_config": {},
    "im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2": {
        "PurchaseBits": str(2**32), "ExpiredTime": 3600, "Pl": [],
    },
    "imopenstat.tim_web_report_v2": {},
}  # fmt: skip
