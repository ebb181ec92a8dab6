from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.message import Message


T = TypeVar("T", bound="MessageDeletedEvent")


@_attrs_define
class MessageDeletedEvent:
    """A message was deleted, so that its body is empty; to all who take part.

    Attributes:
        conversation (int):
        conversation_external_id (None | str):
        at (datetime.datetime): Time of the latest change.
        message (Message): A message as one user may see it.
        kind (Literal['message.deleted']):
    """

    conversation: int
    conversation_external_id: None | str
    at: datetime.datetime
    message: Message
    kind: Literal["message.deleted"]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        at = self.at.isoformat()

        message = self.message.to_dict()

        kind = self.kind

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "at": at,
                "message": message,
                "kind": kind,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message import Message  # noqa: PLC0415

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

        message = Message.from_dict(d.pop("message"))

        kind = cast(Literal["message.deleted"], d.pop("kind"))
        if kind != "message.deleted":
            raise ValueError(f"kind must match const 'message.deleted', got '{kind}'")

        message_deleted_event = cls(
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            at=at,
            message=message,
            kind=kind,
        )

        message_deleted_event.additional_properties = d
        return message_deleted_event

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
