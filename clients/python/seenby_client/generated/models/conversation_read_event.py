from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ConversationReadEvent")


@_attrs_define
class ConversationReadEvent:
    """One has read or unread messages on another device; to one's own devices.

    Attributes:
        conversation (int):
        conversation_external_id (None | str):
        at (datetime.datetime): Time of the latest change.
        kind (Literal['conversation.read']):
        unread_count (int):
        unread_count_main (int): Those outside threads.
        first_unread_message (int | None):
        first_unread_message_external_id (None | str):
    """

    conversation: int
    conversation_external_id: None | str
    at: datetime.datetime
    kind: Literal["conversation.read"]
    unread_count: int
    unread_count_main: int
    first_unread_message: int | None
    first_unread_message_external_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        at = self.at.isoformat()

        kind = self.kind

        unread_count = self.unread_count

        unread_count_main = self.unread_count_main

        first_unread_message: int | None
        first_unread_message = self.first_unread_message

        first_unread_message_external_id: None | str
        first_unread_message_external_id = self.first_unread_message_external_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "at": at,
                "kind": kind,
                "unread_count": unread_count,
                "unread_count_main": unread_count_main,
                "first_unread_message": first_unread_message,
                "first_unread_message_external_id": first_unread_message_external_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        conversation = d.pop("conversation")

        def _parse_conversation_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        conversation_external_id = _parse_conversation_external_id(
            d.pop("conversation_external_id")
        )

        at = datetime.datetime.fromisoformat(d.pop("at"))

        kind = cast(Literal["conversation.read"], d.pop("kind"))
        if kind != "conversation.read":
            raise ValueError(f"kind must match const 'conversation.read', got '{kind}'")

        unread_count = d.pop("unread_count")

        unread_count_main = d.pop("unread_count_main")

        def _parse_first_unread_message(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        first_unread_message = _parse_first_unread_message(d.pop("first_unread_message"))

        def _parse_first_unread_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        first_unread_message_external_id = _parse_first_unread_message_external_id(
            d.pop("first_unread_message_external_id")
        )

        conversation_read_event = cls(
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            at=at,
            kind=kind,
            unread_count=unread_count,
            unread_count_main=unread_count_main,
            first_unread_message=first_unread_message,
            first_unread_message_external_id=first_unread_message_external_id,
        )

        conversation_read_event.additional_properties = d
        return conversation_read_event

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
