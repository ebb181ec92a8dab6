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

T = TypeVar("T", bound="BulkMark")


@_attrs_define
class BulkMark:
    """What a mark up to a message did.

    Attributes:
        conversation (int):
        conversation_external_id (None | str):
        user (str):
        up_to_message (int | None):
        up_to_message_external_id (None | str):
        thread (int | Literal['main'] | None):
        marked (int):
        at (datetime.datetime):
        unread_count (int):
    """

    conversation: int
    conversation_external_id: None | str
    user: str
    up_to_message: int | None
    up_to_message_external_id: None | str
    thread: int | Literal["main"] | None
    marked: int
    at: datetime.datetime
    unread_count: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        user = self.user

        up_to_message: int | None
        up_to_message = self.up_to_message

        up_to_message_external_id: None | str
        up_to_message_external_id = self.up_to_message_external_id

        thread: int | Literal["main"] | None
        thread = self.thread

        marked = self.marked

        at = self.at.isoformat()

        unread_count = self.unread_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "user": user,
                "up_to_message": up_to_message,
                "up_to_message_external_id": up_to_message_external_id,
                "thread": thread,
                "marked": marked,
                "at": at,
                "unread_count": unread_count,
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

        user = d.pop("user")

        def _parse_up_to_message(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        up_to_message = _parse_up_to_message(d.pop("up_to_message"))

        def _parse_up_to_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        up_to_message_external_id = _parse_up_to_message_external_id(
            d.pop("up_to_message_external_id")
        )

        def _parse_thread(data: object) -> int | Literal["main"] | None:
            if data is None:
                return data
            thread_type_1 = cast(Literal["main"], data)
            if thread_type_1 != "main":
                raise ValueError(f"thread_type_1 must match const 'main', got '{thread_type_1}'")
            return thread_type_1
            return cast(int | Literal["main"] | None, data)

        thread = _parse_thread(d.pop("thread"))

        marked = d.pop("marked")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        unread_count = d.pop("unread_count")

        bulk_mark = cls(
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            user=user,
            up_to_message=up_to_message,
            up_to_message_external_id=up_to_message_external_id,
            thread=thread,
            marked=marked,
            at=at,
            unread_count=unread_count,
        )

        bulk_mark.additional_properties = d
        return bulk_mark

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
