"""Events as the schema declares them: one shape for each kind; ``feed.telling`` builds them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from receipts.api.fields import RowSerializer
from receipts.api.shapes import MessageShape, Summary
from receipts.models import EventKind
from receipts.rules.status import State
from receipts.webhooks.offering import PING


def _kind(kind: str) -> Any:
    """A field that has only this value, by which clients tell the events apart."""
    field = type("KindField", (serializers.CharField,), {})
    return extend_schema_field({"type": "string", "const": str(kind)})(field)()


class EventMark(RowSerializer):
    """One user's marks: how many messages reached a state, with the first and the last."""

    user = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(State.choices)
    at = serializers.DateTimeField(
        help_text="Time of the latest of these marks, as in the recipient list."
    )
    reason = serializers.CharField(allow_null=True, help_text="Why the delivery `failed`.")
    count = serializers.IntegerField()
    first_message = serializers.IntegerField()
    first_message_external_id = serializers.CharField(allow_null=True)
    last_message = serializers.IntegerField()
    last_message_external_id = serializers.CharField(allow_null=True)


class _Event(RowSerializer):
    conversation = serializers.IntegerField()
    conversation_external_id = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(help_text="Time of the latest change.")


class ReceiptUpdatedEvent(_Event):
    """Receipts of one's messages in a conversation changed; to their sender."""

    kind = _kind(EventKind.RECEIPT_UPDATED)
    user = serializers.CharField(
        required=False, help_text="Whose receipts; sent to service accounts only."
    )
    marks = EventMark(many=True, help_text="Who marked what, by user and state.")
    marks_left_out = serializers.IntegerField(help_text="Number of marks omitted from `marks`.")
    receipts = Summary(many=True, help_text="Current summaries of the newest messages.")
    complete = serializers.BooleanField(
        help_text="Whether `receipts` includes every changed message."
    )


class ConversationReadEvent(_Event):
    """One has read or unread messages on another device; to one's own devices."""

    kind = _kind(EventKind.CONVERSATION_READ)
    unread_count = serializers.IntegerField()
    unread_count_main = serializers.IntegerField(help_text="Those outside threads.")
    first_unread_message = serializers.IntegerField(allow_null=True)
    first_unread_message_external_id = serializers.CharField(allow_null=True)


class _MessageEvent(_Event):
    message = MessageShape()


class MessageCreatedEvent(_MessageEvent):
    """A message was sent; to all who take part."""

    kind = _kind(EventKind.MESSAGE_CREATED)


class MessageEditedEvent(_MessageEvent):
    """The text of a message changed; to all who take part."""

    kind = _kind(EventKind.MESSAGE_EDITED)


class MessageDeletedEvent(_MessageEvent):
    """A message was deleted, so that its body is empty; to all who take part."""

    kind = _kind(EventKind.MESSAGE_DELETED)


class MessageRestoredEvent(_MessageEvent):
    """A deleted message was restored; to all who take part."""

    kind = _kind(EventKind.MESSAGE_RESTORED)


class ConversationDeletedEvent(_Event):
    """A conversation was deleted for good; to all who took part until then."""

    kind = _kind(EventKind.CONVERSATION_DELETED)


class PingEvent(RowSerializer):
    """The owner of a webhook tries it; by itself in a delivery."""

    kind = _kind(PING)
    at = serializers.DateTimeField(help_text="When it was requested.")


#: The shape of each kind.
EVENTS: dict[EventKind, type[RowSerializer]] = {
    EventKind.RECEIPT_UPDATED: ReceiptUpdatedEvent,
    EventKind.CONVERSATION_READ: ConversationReadEvent,
    EventKind.MESSAGE_CREATED: MessageCreatedEvent,
    EventKind.MESSAGE_EDITED: MessageEditedEvent,
    EventKind.MESSAGE_DELETED: MessageDeletedEvent,
    EventKind.MESSAGE_RESTORED: MessageRestoredEvent,
    EventKind.CONVERSATION_DELETED: ConversationDeletedEvent,
}


def _events(name: str, kinds: dict[str, Any], **options: Any) -> Any:
    """A list of events of any of these kinds, as a component of this name."""
    return PolymorphicProxySerializer(
        component_name=name,
        serializers=kinds,
        resource_type_field_name="kind",
        many=True,
        **options,
    )


class Events(RowSerializer):
    """Events, coalesced by conversation, and the cursor after them."""

    results = _events("Event", {kind.value: shape for kind, shape in EVENTS.items()})
    cursor = serializers.CharField(
        help_text="Where to continue: pass it as `?after=` or `Last-Event-ID`."
    )
    more = serializers.BooleanField(help_text="Whether there may be more events now.")


#: ``conversation.read`` is for a user's own devices.
_DELIVERED = {
    **{kind.value: EVENTS[kind] for kind in EVENTS if kind != EventKind.CONVERSATION_READ},
    PING: PingEvent,
}


class Delivery(RowSerializer):
    """The body of a request to a webhook. Ignore fields and kinds that you do not know."""

    webhook = serializers.IntegerField(help_text="The id of the webhook.")
    delivery = serializers.CharField(
        help_text="The same id means the same events after the same cursor."
    )
    missed = serializers.BooleanField(
        help_text="Whether events before these are lost: reload your data."
    )
    cursor = serializers.CharField(
        help_text="The position after these events: `GET /events/?after=` continues there."
    )
    events = _events("DeliveredEvent", _DELIVERED, help_text="In order.")
