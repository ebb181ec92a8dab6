from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.conversation_deleted_event import ConversationDeletedEvent
    from ..models.message_created_event import MessageCreatedEvent
    from ..models.message_deleted_event import MessageDeletedEvent
    from ..models.message_edited_event import MessageEditedEvent
    from ..models.message_restored_event import MessageRestoredEvent
    from ..models.ping_event import PingEvent
    from ..models.receipt_updated_event import ReceiptUpdatedEvent


T = TypeVar("T", bound="Delivery")


@_attrs_define
class Delivery:
    """The body of a request to a webhook. Ignore fields and kinds that you do not know.

    Attributes:
        webhook (int): The id of the webhook.
        delivery (str): The same id means the same events after the same cursor.
        missed (bool): Whether events before these are lost: reload your data.
        cursor (str): The position after these events: `GET /events/?after=` continues there.
        events (list[ConversationDeletedEvent | MessageCreatedEvent | MessageDeletedEvent | MessageEditedEvent |
            MessageRestoredEvent | PingEvent | ReceiptUpdatedEvent]): In order.
    """

    webhook: int
    delivery: str
    missed: bool
    cursor: str
    events: list[
        ConversationDeletedEvent
        | MessageCreatedEvent
        | MessageDeletedEvent
        | MessageEditedEvent
        | MessageRestoredEvent
        | PingEvent
        | ReceiptUpdatedEvent
    ]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.conversation_deleted_event import ConversationDeletedEvent  # noqa: PLC0415
        from ..models.message_created_event import MessageCreatedEvent  # noqa: PLC0415
        from ..models.message_deleted_event import MessageDeletedEvent  # noqa: PLC0415
        from ..models.message_edited_event import MessageEditedEvent  # noqa: PLC0415
        from ..models.message_restored_event import MessageRestoredEvent  # noqa: PLC0415
        from ..models.receipt_updated_event import ReceiptUpdatedEvent  # noqa: PLC0415

        webhook = self.webhook

        delivery = self.delivery

        missed = self.missed

        cursor = self.cursor

        events = []
        for events_item_data in self.events:
            events_item: dict[str, Any]
            if isinstance(events_item_data, ReceiptUpdatedEvent):
                events_item = events_item_data.to_dict()
            elif isinstance(events_item_data, MessageCreatedEvent):
                events_item = events_item_data.to_dict()
            elif isinstance(events_item_data, MessageEditedEvent):
                events_item = events_item_data.to_dict()
            elif isinstance(events_item_data, MessageDeletedEvent):
                events_item = events_item_data.to_dict()
            elif isinstance(events_item_data, MessageRestoredEvent):
                events_item = events_item_data.to_dict()
            elif isinstance(events_item_data, ConversationDeletedEvent):
                events_item = events_item_data.to_dict()
            else:
                events_item = events_item_data.to_dict()

            events.append(events_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "webhook": webhook,
                "delivery": delivery,
                "missed": missed,
                "cursor": cursor,
                "events": events,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.conversation_deleted_event import ConversationDeletedEvent  # noqa: PLC0415
        from ..models.message_created_event import MessageCreatedEvent  # noqa: PLC0415
        from ..models.message_deleted_event import MessageDeletedEvent  # noqa: PLC0415
        from ..models.message_edited_event import MessageEditedEvent  # noqa: PLC0415
        from ..models.message_restored_event import MessageRestoredEvent  # noqa: PLC0415
        from ..models.ping_event import PingEvent  # noqa: PLC0415
        from ..models.receipt_updated_event import ReceiptUpdatedEvent  # noqa: PLC0415

        d = dict(src_dict)
        webhook = d.pop("webhook")

        delivery = d.pop("delivery")

        missed = d.pop("missed")

        cursor = d.pop("cursor")

        events = []
        _events = d.pop("events")
        for events_item_data in _events:

            def _parse_events_item(
                data: object,
            ) -> (
                ConversationDeletedEvent
                | MessageCreatedEvent
                | MessageDeletedEvent
                | MessageEditedEvent
                | MessageRestoredEvent
                | PingEvent
                | ReceiptUpdatedEvent
            ):
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_delivered_event_type_0 = ReceiptUpdatedEvent.from_dict(data)

                    return componentsschemas_delivered_event_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_delivered_event_type_1 = MessageCreatedEvent.from_dict(data)

                    return componentsschemas_delivered_event_type_1
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_delivered_event_type_2 = MessageEditedEvent.from_dict(data)

                    return componentsschemas_delivered_event_type_2
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_delivered_event_type_3 = MessageDeletedEvent.from_dict(data)

                    return componentsschemas_delivered_event_type_3
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_delivered_event_type_4 = MessageRestoredEvent.from_dict(data)

                    return componentsschemas_delivered_event_type_4
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_delivered_event_type_5 = ConversationDeletedEvent.from_dict(
                        data
                    )

                    return componentsschemas_delivered_event_type_5
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_delivered_event_type_6 = PingEvent.from_dict(data)

                return componentsschemas_delivered_event_type_6

            events_item = _parse_events_item(events_item_data)

            events.append(events_item)

        delivery = cls(
            webhook=webhook,
            delivery=delivery,
            missed=missed,
            cursor=cursor,
            events=events,
        )

        delivery.additional_properties = d
        return delivery

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
