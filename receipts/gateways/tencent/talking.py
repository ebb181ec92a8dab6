"""Sending: one to one, and to a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError

from chat.models import Conversation, ConversationKind, User
from receipts import services
from receipts.api.bodies import NewMessage
from receipts.api.direct import two_members
from receipts.api.fields import checked, known_users
from receipts.gateways.frame import conversation_named
from receipts.gateways.tencent.identity import MAX_CLIENT_NUMBER, Identity
from receipts.gateways.tencent.messages import number_all
from receipts.gateways.tencent.reading import bounded_number, objects_in, required_text
from receipts.gateways.unixtime import unix_seconds
from receipts.reads.numbers import message_numbers
from receipts.services.sending import Sent

TEXT = "TIMTextElem"
#: What a message may ask for that Seenby does not have: the field, and what is allowed in it.
_UNKNOWN_WISHES: dict[str, tuple[Any, ...]] = {
    "CloudCustomData": ("", None),
    "SendMsgControl": ([], None),
    "OnlineOnlyFlag": (0, None),
    "MsgLifeTime": (None,),
    "TopicId": ("", None),
    "To_TopicId": ("", None),
}


def send_to_one(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``sendmsg``: to the direct conversation with somebody, made if there is none.

    All have receipts, since Tencent tells in every one-to-one conversation how far it was read.
    """
    text, identity = _text_of(body), _identity_in(body, "MsgRandom", "MsgSeq", "IsNeedReadReceipt")
    name = required_text("To_Account", body.get("To_Account"))
    members = known_users("To_Account", two_members([name], user))
    conversation, _ = services.direct_conversation(members=(members[0], members[1]), joining=[user])
    message = _send(user, conversation.pk, text, identity, receipts=True).message
    time = unix_seconds(message.created_at)
    return {"MsgTime": time, "MsgKey": f"{identity.seq}_{identity.random}_{time}"}


def send_to_group(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``send_group_msg``: with receipts if its sender asks for them, as at Tencent."""
    text, identity = _text_of(body), _identity_in(body, "Random", "ClientSeq", "NeedReadReceipt")
    group = group_named(user, body.get("GroupId"))
    message = _send(user, group.pk, text, identity, receipts=identity.asked).message
    number_all([group.pk])
    number = message_numbers([message.pk])[message.pk]
    return {"MsgTime": unix_seconds(message.created_at), "MsgSeq": number, "ReadReceiptCode": 0}


def group_named(user: User, name: Any) -> Conversation:
    """The group that ``GroupId`` names. Raises ``Http404`` if ``user`` cannot see it."""
    conversation = conversation_named(user, required_text("GroupId", name))
    if conversation.kind != ConversationKind.GROUP:
        raise Http404
    return conversation


def _send(user: User, conversation: int, text: Any, identity: Identity, *, receipts: bool) -> Sent:
    # The same text and the same limits as in the native API.
    fields = checked(NewMessage, {"body": text, "client_id": identity.client_id})
    return services.send_message(
        conversation_id=conversation, sender=user, request_receipts=receipts, **fields
    )


def _identity_in(body: Mapping[str, Any], random: str, seq: str, asks: str) -> Identity:
    time, number, count = (
        bounded_number(name, body.get(name), MAX_CLIENT_NUMBER, least=0)
        for name in ("MsgClientTime", random, seq)
    )
    return Identity(time, number, count, bool(bounded_number(asks, body.get(asks, 0), 1, least=0)))


def _text_of(body: Mapping[str, Any]) -> Any:
    """What is given as the text of a message. Refuses what would be lost."""
    wrong = {
        name: ["Seenby does not have this."]
        for name, allowed in _UNKNOWN_WISHES.items()
        if body.get(name) not in allowed
    }
    if wrong:
        raise ValidationError(wrong)
    elements = objects_in("MsgBody", body.get("MsgBody"), 1)
    content = elements[0].get("MsgContent")
    if elements[0].get("MsgType") != TEXT or not isinstance(content, dict):
        raise ValidationError({"MsgBody": [f"Only one element of the type {TEXT} can be sent."]})
    return content.get("Text")
