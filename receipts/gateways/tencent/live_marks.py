"""Receipts from devices: of messages, of conversations, and of what reached them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.http import Http404

from chat.errors import NotRecipient
from chat.ids import MAX_ID
from chat.models import ConversationKind, ConversationParticipant, Message, User
from chat.names import MessageReference, numbered
from receipts import services
from receipts.gateways.tencent.identity import (
    MAX_CLIENT_NUMBER,
    among,
    identity_of,
)
from receipts.gateways.tencent.marks import MOST_READ, read_in_group, read_messages
from receipts.gateways.tencent.messages import number_all
from receipts.gateways.tencent.reading import (
    bounded_number,
    message_sequences,
    objects_in,
    required_text,
)
from receipts.gateways.tencent.talking import group_named
from receipts.gateways.unixtime import EPOCH
from receipts.reads.messages import message_rows
from receipts.services.batch_items import DELIVERED, BatchMark
from receipts.sql.keyset import NEWEST_FIRST

#: Conversations that one report marks.
MOST_CONVERSATIONS = 100


def read_of_one(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``c2c_msg_read_receipt``: some messages of one person are read."""
    sender = required_text("Peer_Account", body.get("Peer_Account"))
    items = objects_in("C2CMsgInfo", body.get("C2CMsgInfo"), MOST_READ)
    given = {_numbers(each) for each in items}
    candidates = Message.objects.visible_to(user).filter(
        among(given), sender__username=sender, conversation__kind=ConversationKind.DIRECT
    )
    found = {row["id"] for row in message_rows(candidates) if identity_of(row)[:3] in given}
    if not found:
        raise Http404
    if not read_messages(user.username, found):
        raise NotRecipient
    return {}


def _numbers(given: Mapping[str, Any]) -> tuple[int, int, int]:
    """The time, the random number and the count of a message."""
    time, random, seq = (
        bounded_number(name, given.get(name), MAX_CLIENT_NUMBER, least=0)
        for name in ("MsgClientTime", "MsgRandom", "MsgSeq")
    )
    return time, random, seq


def read_in_groups(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``group_msg_receipt``: some messages of a group are read."""
    given = message_sequences(body.get("MsgSeqList"), MOST_READ)
    read_in_group(user.username, group_named(user, body.get("GroupId")).pk, given)
    return {}


def read_with_one(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``msgreaded``: conversations with some people are read, each up to a second."""
    report = body.get("C2CMsgReaded")
    given = report.get("C2CMsgReadedItem") if isinstance(report, dict) else None
    for each in objects_in("C2CMsgReadedItem", given, MOST_CONVERSATIONS):
        other = required_text("To_Account", each.get("To_Account"))
        until = bounded_number("LastedMsgTime", each.get("LastedMsgTime"), MAX_ID, least=0)
        for conversation in direct_with(user, [other]):
            end = EPOCH + timedelta(seconds=min(until, MAX_CLIENT_NUMBER) + 1)
            _read_up_to(user, conversation, Message.objects.filter(created_at__lt=end))
    return {}


def read_group(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``msg_read_report``: a group is read up to a number."""
    number = bounded_number("MsgReadedSeq", body.get("MsgReadedSeq"), MAX_ID, least=0)
    group = group_named(user, body.get("GroupId")).pk
    number_all([group])
    _read_up_to(user, group, Message.objects.filter(numbered__number__lte=number))
    return {}


def direct_with(user: User, names: Iterable[str]) -> dict[int, str]:
    """The user's direct conversations with these people, each with the other's username."""
    mine = ConversationParticipant.objects.filter(
        user=user, is_active=True, conversation__kind=ConversationKind.DIRECT
    )
    others = ConversationParticipant.objects.filter(
        conversation__in=mine.values("conversation"), user__username__in=set(names)
    ).exclude(user=user)
    return dict(others.values_list("conversation_id", "user__username"))


def mark_arrived(user: User, ids: set[int]) -> None:
    """Messages that a device has acknowledged have reached it."""
    services.mark_batch(
        [
            BatchMark(message=MessageReference(number=pk), username=user.username, state=DELIVERED)
            for pk in sorted(ids)
        ]
    )


def _read_up_to(user: User, conversation: int, messages: Any) -> None:
    """Mark everything up to the newest of these messages of a conversation read."""
    newest = NEWEST_FIRST.sorted(messages.filter(conversation=conversation))
    pk = newest.values_list("pk", flat=True).first()
    if pk is not None:
        services.mark_up_to(
            conversation_id=conversation, username=user.username, up_to=numbered(pk), read=True
        )
