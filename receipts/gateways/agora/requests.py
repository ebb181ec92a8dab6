"""What clients send over their socket, each as a call of services: messages and receipts.

All run on a thread of requests, as the user whose socket it is.
"""

from __future__ import annotations

from collections.abc import Callable

from rest_framework.exceptions import ValidationError

from chat.errors import NotRecipient, Refused
from chat.ids import MAX_ID
from chat.models import Conversation, ConversationKind, ConversationParticipant, Tracking, User
from chat.names import MessageReference
from receipts import services
from receipts.api.bodies import NewMessage, ReadBody, TwoMembers
from receipts.api.direct import two_members
from receipts.api.fields import checked, known_users
from receipts.gateways.agora.frames import GROUP_DOMAIN, BodyType
from receipts.gateways.agora.wire.msync_pb2 import Body, Meta
from receipts.gateways.frame import conversation_named
from receipts.rules.tracking import tracking_of
from receipts.services.batch_items import (
    APPLIED,
    DELIVERED,
    NOT_RECIPIENT,
    READ,
    UNCHANGED,
    BatchMark,
)

#: The type of a text among a message's contents.
_TEXT = 0


class AcksNotPermitted(Refused):
    """group ack msg permission denied"""  # by these words the SDKs know it

    code = "group_ack_not_permitted"


class AckOfNothing(Refused):
    """group ack msg not found"""

    code = "group_ack_not_found"


def send(user: User, meta: Meta, body: Body, client_id: str) -> int:
    """Send a text to a person or a group; return the message's id.

    The same ``client_id`` again is the same message.
    """
    fields = checked(NewMessage, {"body": _text_of(meta, body), "client_id": client_id})
    if meta.to.domain == GROUP_DOMAIN:
        conversation = _group(user, meta.to.name)
        if body.config.allow_group_ack:
            _require_receipts(user, conversation)
    else:
        conversation = _direct_to(user, meta.to.name)
    return services.send_message(conversation_id=conversation.pk, sender=user, **fields).message.pk


def acknowledge(user: User, meta: Meta, body: Body, client_id: str) -> int:
    """Mark one message delivered or read, perhaps with an answer; return its id."""
    is_read = body.type == BodyType.READ
    fields = {"content": body.ack_content} if is_read and body.ack_content else {}
    mark = BatchMark(
        message=MessageReference(number=body.message_id if body.message_id <= MAX_ID else 0),
        username=user.username,
        state=READ if is_read else DELIVERED,
        **checked(ReadBody, fields),
    )
    [result] = services.mark_batch([mark])
    if result not in (APPLIED, UNCHANGED):
        raise NotRecipient if result == NOT_RECIPIENT else AckOfNothing
    return body.message_id


def read_conversation(user: User, meta: Meta, body: Body, client_id: str) -> int:
    """Mark everything from a person, or in a group, read; return the client's own id of it."""
    if meta.to.domain == GROUP_DOMAIN:
        found = [_group(user, meta.to.name).pk]
    else:
        found = _with_person(user, meta.to.name)
    for pk in found:
        services.mark_up_to(conversation_id=pk, username=user.username, read=True)
    return meta.id


#: By the type of what is sent.
HANDLERS: dict[int, Callable[[User, Meta, Body, str], int]] = {
    BodyType.CHAT: send,
    BodyType.GROUP: send,
    BodyType.READ: acknowledge,
    BodyType.DELIVERED: acknowledge,
    BodyType.CONVERSATION_READ: read_conversation,
}


def _text_of(meta: Meta, body: Body) -> str:
    """The text of a message that holds nothing else: what is not kept is refused."""
    if meta.directed:
        raise ValidationError({"receiverList": ["A message goes to all of its group here."]})
    if len(body.contents) != 1 or body.contents[0].type != _TEXT:
        raise ValidationError({"type": ["Messages are text here."]})
    if body.ext:
        raise ValidationError({"ext": ["Is not kept here."]})
    return body.contents[0].text


def _group(user: User, name: str) -> Conversation:
    return conversation_named(user, name, kind=ConversationKind.GROUP.value)


def _direct_to(user: User, name: str) -> Conversation:
    """The direct conversation with a person, with the rights that the native API gives."""
    members = checked(TwoMembers, {"members": [name]})["members"]
    one, other = known_users("to", two_members(members, user))
    conversation, _ = services.direct_conversation(members=(one, other), joining=[user])
    return conversation


def _with_person(user: User, name: str) -> list[int]:
    """All direct conversations with a person: a history may have brought more than one."""
    if "\x00" in name:
        return []
    other = ConversationParticipant.objects.filter(user__username=name).exclude(user=user)
    direct = Conversation.objects.visible_to(user).filter(
        kind=ConversationKind.DIRECT, pk__in=other.values("conversation")
    )
    return list(direct.order_by("pk").values_list("pk", flat=True))


def _require_receipts(user: User, conversation: Conversation) -> None:
    """Raise ``AcksNotPermitted`` where the conversation's policy lets the user ask for none."""
    mine = ConversationParticipant.objects.active().filter(conversation=conversation, user=user)
    role = mine.values_list("role", flat=True).first()
    policy = conversation.receipt_policy
    if role is not None and (
        tracking_of(recipients=0, policy=policy, sender_role=role, requested=True)
        == Tracking.POLICY
    ):
        raise AcksNotPermitted
