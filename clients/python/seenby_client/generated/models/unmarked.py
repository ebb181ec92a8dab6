from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Unmarked")


@_attrs_define
class Unmarked:
    """The result of marking messages unread.

    Attributes:
        conversation (int):
        conversation_external_id (None | str):
        user (str):
        from_message (int):
        from_message_external_id (None | str):
        thread (int | Literal['main'] | None):
        marked (int):
        unread_count (int):
    """

    conversation: int
    conversation_external_id: None | str
    user: str
    from_message: int
    from_message_external_id: None | str
    thread: int | Literal["main"] | None
    marked: int
    unread_count: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        user = self.user

        from_message = self.from_message

        from_message_external_id: None | str
        from_message_external_id = self.from_message_external_id

        thread: int | Literal["main"] | None
        thread = self.thread

        marked = self.marked

        unread_count = self.unread_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "user": user,
                "from_message": from_message,
                "from_message_external_id": from_message_external_id,
                "thread": thread,
                "marked": marked,
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

        from_message = d.pop("from_message")

        def _parse_from_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        from_message_external_id = _parse_from_message_external_id(
            d.pop("from_message_external_id")
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

        unread_count = d.pop("unread_count")

        unmarked = cls(
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            user=user,
            from_message=from_message,
            from_message_external_id=from_message_external_id,
            thread=thread,
            marked=marked,
            unread_count=unread_count,
        )

        unmarked.additional_properties = d
        return unmarked

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
