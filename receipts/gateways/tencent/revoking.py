"""A sender takes messages back: they are deleted as in the native API (rule 21)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import Http404

from chat.models import Message, User
from receipts import services
from receipts.gateways.tencent.identity import MAX_CLIENT_NUMBER, identity_of
from receipts.gateways.tencent.live_marks import direct_with
from receipts.gateways.tencent.marks import MOST_READ
from receipts.gateways.tencent.messages import messages_of_group
from receipts.gateways.tencent.reading import bounded_number, message_sequences, required_text
from receipts.gateways.tencent.talking import group_named
from receipts.gateways.unixtime import EPOCH
from receipts.reads.messages import message_rows


def revoke_of_one(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``msgwithdraw``: a message of the caller's to somebody."""
    given = body.get("MsgInfo")
    fields = given if isinstance(given, dict) else {}
    other = required_text("To_Account", fields.get("To_Account"))
    time, seq, random = (
        bounded_number(name, fields.get(name), MAX_CLIENT_NUMBER, least=0)
        for name in ("MsgTimeStamp", "MsgSeq", "MsgRandom")
    )
    start = EPOCH + timedelta(seconds=time)
    sent = Message.objects.filter(
        conversation__in=direct_with(user, [other]),
        sender=user,
        created_at__gte=start,
        created_at__lt=start + timedelta(seconds=1),
    )
    for row in message_rows(sent):
        identity = identity_of(row)
        if (identity.seq, identity.random) == (seq, random):
            services.delete_message(by=user, message_id=row["id"])
            return {}
    raise Http404


def revoke_in_group(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``group_msg_recall``: messages of a group, each with a code of its own."""
    group = group_named(user, body.get("GroupId")).pk
    given = message_sequences(body.get("MsgSeqList"), MOST_READ)
    found = messages_of_group(group, given)
    if any(seq not in found for seq in given):
        raise Http404
    for row in found.values():
        services.delete_message(by=user, message_id=row["id"])
    return {"RecallRetList": [{"MsgSeq": seq, "RetCode": 0} for seq in given]}
