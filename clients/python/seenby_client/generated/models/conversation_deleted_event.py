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

T = TypeVar("T", bound="ConversationDeletedEvent")


@_attrs_define
class ConversationDeletedEvent:
    """A conversation was deleted for good; to all who took part until then.

    Attributes:
        conversation (int):
        conversation_external_id (None | str):
        at (datetime.datetime): Time of the latest change.
        kind (Literal['conversation.deleted']):
    """

    conversation: int
    conversation_external_id: None | str
    at: datetime.datetime
    kind: Literal["conversation.deleted"]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        at = self.at.isoformat()

        kind = self.kind

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "at": at,
                "kind": kind,
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

        kind = cast(Literal["conversation.deleted"], d.pop("kind"))
        if kind != "conversation.deleted":
            raise ValueError(f"kind must match const 'conversation.deleted', got '{kind}'")

        conversation_deleted_event = cls(
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            at=at,
            kind=kind,
        )

        conversation_deleted_event.additional_properties = d
        return conversation_deleted_event

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
