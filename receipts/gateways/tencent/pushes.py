"""The feed's events as those of Tencent's protocol. What they do not have is not pushed.

A device gets its own messages, too, since they may come from another device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chat.models import ConversationKind, MessageKind
from receipts.feed.looking import Listener
from receipts.feed.telling import Told
from receipts.gateways.frame import conversation_name
from receipts.gateways.sockets.vendor import Push, change_count
from receipts.gateways.tencent.facts import Facts, PushedRow
from receipts.gateways.tencent.identity import identity_of, sent_second
from receipts.gateways.tencent.talking import TEXT
from receipts.gateways.unixtime import milliseconds, unix_seconds
from receipts.models import EventKind

#: Of groups' tips: receipts.
_RECEIPTS = 26


class Unnumbered(Exception):
    """A group's messages are not all numbered yet: its members' devices have to come again."""


def pushes_for(event: Told, listener: Listener, facts: Facts) -> Iterator[Push]:
    """The pushes for one event; ``data`` is an event of theirs, and the message to acknowledge.

    Raises ``Unnumbered``.
    """
    kind = event["kind"]
    if kind == EventKind.RECEIPT_UPDATED:
        yield from _receipts(event, listener, facts)
    elif kind == EventKind.CONVERSATION_READ:
        yield from _own_reads(event, listener, facts)
    elif "message" in event and event["message"]["kind"] != MessageKind.SYSTEM:
        message = event["message"]
        row = facts.rows.get(message["id"])
        if row is None:
            return
        if kind == EventKind.MESSAGE_DELETED:
            yield Push((_revoked(row, listener, facts), None))
        elif kind == EventKind.MESSAGE_EDITED and not message["deleted_at"]:
            yield Push((_edited(row, message["body"], facts), None))
        elif kind == EventKind.MESSAGE_CREATED and not message["deleted_at"]:
            received = None if row["sender_id"] == listener.pk else row["id"]
            yield Push((_created(row, message["body"], listener, facts), received))


def _is_direct(row: PushedRow) -> bool:
    return row["conversation__kind"] == ConversationKind.DIRECT


def _number(row: PushedRow, facts: Facts) -> int:
    number = facts.numbers.get(row["id"])
    if number is None:
        raise Unnumbered
    return number


def _ids(row: PushedRow) -> dict[str, Any]:
    """What identifies a message everywhere."""
    identity = identity_of(row)
    return {
        "TinyId": str(row["sender_id"]),
        "MsgClientTime": identity.time,
        "MsgRandom": identity.random,
    }


def _content(row: PushedRow, text: str) -> dict[str, Any]:
    return {
        "From_Account": row["sender__username"],
        "MsgTimeStamp": sent_second(row),
        "MsgBody": [{"MsgType": TEXT, "MsgContent": {"Text": text}}],
        "CloudCustomData": "",
        **_ids(row),
    }


def _group(row: PushedRow) -> dict[str, Any]:
    name = conversation_name(row["conversation__external_id"], row["conversation_id"])
    return {
        "GroupId": name,
        "GroupType": "Public",
        "GroupName": row["conversation__title"] or name,
        "GroupFaceUrl": "",
        "From_AccountNick": row["sender__display_name"] or row["sender__username"],
        "From_AccountHeadurl": row["sender__avatar_url"],
    }


def _created(row: PushedRow, text: str, listener: Listener, facts: Facts) -> dict[str, Any]:
    identity = identity_of(row)
    told = _content(row, text)
    if not _is_direct(row):
        group = _group(row)
        told |= {
            "ToGroupId": group["GroupId"],
            "MsgSeq": _number(row, facts),
            "ClientSeq": identity.seq,
            "MsgPriority": "Normal",
            "NeedReadReceipt": int(identity.asked),
            "GroupInfo": group,
        }
        return {"Event": 3, "GroupMsgArray": [told]}
    peer = facts.peer(row["conversation_id"], row["sender_id"])
    own = row["sender_id"] == listener.pk
    told |= {
        "To_Account": peer,
        "MsgSeq": identity.seq,
        "IsNeedReadReceipt": int(identity.asked),
        "From_AccountNick": row["sender__display_name"] or row["sender__username"],
        "From_AccountHeadurl": row["sender__avatar_url"],
        "IsSyncMsg": int(own),
    }
    if own:  # theirs come with both names exchanged
        told["From_Account"], told["To_Account"] = peer, row["sender__username"]
    return {"Event": 9, "C2cMsgArray": [told], "Flag": 0}


def _edited(row: PushedRow, text: str, facts: Facts) -> dict[str, Any]:
    told = _content(row, text)
    told["MsgVersion"] = milliseconds(row["edited_at"]) if row["edited_at"] else 0
    # Clients look at the name of the list, and at no number of an event.
    if _is_direct(row):
        told["To_Account"] = facts.peer(row["conversation_id"], row["sender_id"])
        told["MsgSeq"] = identity_of(row).seq
        return {"Event": 20, "C2cMsgModNotifys": [told]}
    told["GroupId"], told["MsgSeq"] = _group(row)["GroupId"], _number(row, facts)
    return {"Event": 21, "GroupMsgModNotifys": [told]}


def _revoked(row: PushedRow, listener: Listener, facts: Facts) -> dict[str, Any]:
    told = {**_ids(row), "MsgTimeStamp": sent_second(row)}
    if not _is_direct(row):
        told |= {"GroupId": _group(row)["GroupId"], "MsgSeq": _number(row, facts)}
        return _tip(row, {"GroupWithdrawInfoArray": [told]})
    told |= {
        "From_Account": row["sender__username"],
        "To_Account": facts.peer(row["conversation_id"], row["sender_id"]),
        "MsgSeq": identity_of(row).seq,
    }
    notice = {"WithdrawC2cMsgNotify": {"C2cWithdrawInfoArray": [told]}}
    return {"Event": 10, "C2cNotifyMsgArray": [notice]}


def _tip(row: PushedRow, body: dict[str, Any]) -> dict[str, Any]:
    group = _group(row)
    tip = {
        "From_Account": row["sender__username"],
        "ToGroupId": group["GroupId"],
        "MsgSeq": 1,
        "MsgRandom": 1,
        "ClientSeq": 1,
        "MsgTimeStamp": sent_second(row),
        "GroupInfo": group,
        "MsgBody": body,
    }
    return {"Event": 5, "GroupTips": [tip]}


def _receipts(event: Told, listener: Listener, facts: Facts) -> Iterator[Push]:
    is_read = False
    for summary in event["receipts"]:
        row = facts.rows.get(summary["message"])
        if row is None or row["sender_id"] != listener.pk:
            continue
        about, read = ("receipt", row["id"]), summary["read_count"]
        is_read = is_read or (bool(read) and _is_direct(row))
        identity = identity_of(row)
        if not _is_direct(row):
            counts = {"ReadNum": read, "UnreadNum": summary["total_recipients"] - read}
            told = {**_ids(row), "MsgSeq": _number(row, facts), **counts}
            body = {"GroupMsgReceiptList": [told], "ReportType": _RECEIPTS, "OpType": _RECEIPTS}
            yield Push((_tip(row, body), None), about, change_count(event))
        elif read and identity.asked:
            told = {**_ids(row), "MsgSeq": identity.seq}
            yield Push(
                (
                    {
                        "Event": 16,
                        "Peer_Account": facts.peer(row["conversation_id"], listener.pk),
                        "C2cMsgInfo": [told],
                        "Timestamp": unix_seconds(event["at"]),
                    },
                    None,
                ),
                about,
            )
    conversation = event["conversation"]
    until = facts.read_by_peer(conversation, listener.pk) if is_read else None
    if until is not None:
        receipt = {
            "To_Account": facts.peer(conversation, listener.pk),
            "UinPairReadArray": [{"LastReadTime": until}],
        }
        notice = {"Event": 10, "C2cNotifyMsgArray": [{"C2cReadedReceipt": receipt}]}
        yield Push((notice, None), ("read by peer", conversation))


def _own_reads(event: Told, listener: Listener, facts: Facts) -> Iterator[Push]:
    """What the listener has read on another device."""
    conversation, first = event["conversation"], event["first_unread_message"]
    known = facts.conversations.get(conversation)
    if known is None:
        return
    row = facts.rows.get(first) if first else None
    if known.kind == ConversationKind.DIRECT:
        until = sent_second(row) - 1 if row else unix_seconds(event["at"])
        peer = facts.peer(conversation, listener.pk)
        array = [{"From_Account": peer, "LastReadTime": until}]
        data = {
            "Event": 10,
            "C2cNotifyMsgArray": [{"ReadC2cMsgNotify": {"UinPairReadArray": array}}],
        }
    else:
        number = _number(row, facts) - 1 if row else facts.last.get(conversation, 0)
        name = conversation_name(known.external_id, conversation)
        body = {"GroupReadInfoArray": [{"GroupId": name, "LastReadMsgSeq": number}]}
        data = {"Event": 5, "GroupTips": [{"ToGroupId": name, "MsgBody": body}]}
    yield Push((data, None), ("own reads", conversation))
