from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.conversation_deleted_event import ConversationDeletedEvent
    from ..models.conversation_read_event import ConversationReadEvent
    from ..models.message_created_event import MessageCreatedEvent
    from ..models.message_deleted_event import MessageDeletedEvent
    from ..models.message_edited_event import MessageEditedEvent
    from ..models.message_restored_event import MessageRestoredEvent
    from ..models.receipt_updated_event import ReceiptUpdatedEvent


T = TypeVar("T", bound="Events")


@_attrs_define
class Events:
    """Events, coalesced by conversation, and the cursor after them.

    Attributes:
        results (list[ConversationDeletedEvent | ConversationReadEvent | MessageCreatedEvent | MessageDeletedEvent |
            MessageEditedEvent | MessageRestoredEvent | ReceiptUpdatedEvent]):
        cursor (str): Where to continue: pass it as `?after=` or `Last-Event-ID`.
        more (bool): Whether there may be more events now.
    """

    results: list[
        ConversationDeletedEvent
        | ConversationReadEvent
        | MessageCreatedEvent
        | MessageDeletedEvent
        | MessageEditedEvent
        | MessageRestoredEvent
        | ReceiptUpdatedEvent
    ]
    cursor: str
    more: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.conversation_read_event import ConversationReadEvent  # noqa: PLC0415
        from ..models.message_created_event import MessageCreatedEvent  # noqa: PLC0415
        from ..models.message_deleted_event import MessageDeletedEvent  # noqa: PLC0415
        from ..models.message_edited_event import MessageEditedEvent  # noqa: PLC0415
        from ..models.message_restored_event import MessageRestoredEvent  # noqa: PLC0415
        from ..models.receipt_updated_event import ReceiptUpdatedEvent  # noqa: PLC0415

        results = []
        for results_item_data in self.results:
            results_item: dict[str, Any]
            if isinstance(results_item_data, ReceiptUpdatedEvent):
                results_item = results_item_data.to_dict()
            elif isinstance(results_item_data, ConversationReadEvent):
                results_item = results_item_data.to_dict()
            elif isinstance(results_item_data, MessageCreatedEvent):
                results_item = results_item_data.to_dict()
            elif isinstance(results_item_data, MessageEditedEvent):
                results_item = results_item_data.to_dict()
            elif isinstance(results_item_data, MessageDeletedEvent):
                results_item = results_item_data.to_dict()
            elif isinstance(results_item_data, MessageRestoredEvent):
                results_item = results_item_data.to_dict()
            else:
                results_item = results_item_data.to_dict()

            results.append(results_item)

        cursor = self.cursor

        more = self.more

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "results": results,
                "cursor": cursor,
                "more": more,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.conversation_deleted_event import ConversationDeletedEvent  # noqa: PLC0415
        from ..models.conversation_read_event import ConversationReadEvent  # noqa: PLC0415
        from ..models.message_created_event import MessageCreatedEvent  # noqa: PLC0415
        from ..models.message_deleted_event import MessageDeletedEvent  # noqa: PLC0415
        from ..models.message_edited_event import MessageEditedEvent  # noqa: PLC0415
        from ..models.message_restored_event import MessageRestoredEvent  # noqa: PLC0415
        from ..models.receipt_updated_event import ReceiptUpdatedEvent  # noqa: PLC0415

        d = dict(src_dict)
        results = []
        _results = d.pop("results")
        for results_item_data in _results:

            def _parse_results_item(
                data: object,
            ) -> (
                ConversationDeletedEvent
                | ConversationReadEvent
                | MessageCreatedEvent
                | MessageDeletedEvent
                | MessageEditedEvent
                | MessageRestoredEvent
                | ReceiptUpdatedEvent
            ):
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_event_type_0 = ReceiptUpdatedEvent.from_dict(data)

                    return componentsschemas_event_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_event_type_1 = ConversationReadEvent.from_dict(data)

                    return componentsschemas_event_type_1
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_event_type_2 = MessageCreatedEvent.from_dict(data)

                    return componentsschemas_event_type_2
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_event_type_3 = MessageEditedEvent.from_dict(data)

                    return componentsschemas_event_type_3
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_event_type_4 = MessageDeletedEvent.from_dict(data)

                    return componentsschemas_event_type_4
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_event_type_5 = MessageRestoredEvent.from_dict(data)

                    return componentsschemas_event_type_5
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_event_type_6 = ConversationDeletedEvent.from_dict(data)

                return componentsschemas_event_type_6

            results_item = _parse_results_item(results_item_data)

            results.append(results_item)

        cursor = d.pop("cursor")

        more = d.pop("more")

        events = cls(
            results=results,
            cursor=cursor,
            more=more,
        )

        events.additional_properties = d
        return events

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
