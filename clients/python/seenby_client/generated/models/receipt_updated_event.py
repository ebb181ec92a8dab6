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

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.event_mark import EventMark
    from ..models.summary import Summary


T = TypeVar("T", bound="ReceiptUpdatedEvent")


@_attrs_define
class ReceiptUpdatedEvent:
    """Receipts of one's messages in a conversation changed; to their sender.

    Attributes:
        conversation (int):
        conversation_external_id (None | str):
        at (datetime.datetime): Time of the latest change.
        kind (Literal['receipt.updated']):
        marks (list[EventMark]): Who marked what, by user and state.
        marks_left_out (int): Number of marks omitted from `marks`.
        receipts (list[Summary]): Current summaries of the newest messages.
        complete (bool): Whether `receipts` includes every changed message.
        user (str | Unset): Whose receipts; sent to service accounts only.
    """

    conversation: int
    conversation_external_id: None | str
    at: datetime.datetime
    kind: Literal["receipt.updated"]
    marks: list[EventMark]
    marks_left_out: int
    receipts: list[Summary]
    complete: bool
    user: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        at = self.at.isoformat()

        kind = self.kind

        marks = []
        for marks_item_data in self.marks:
            marks_item = marks_item_data.to_dict()
            marks.append(marks_item)

        marks_left_out = self.marks_left_out

        receipts = []
        for receipts_item_data in self.receipts:
            receipts_item = receipts_item_data.to_dict()
            receipts.append(receipts_item)

        complete = self.complete

        user = self.user

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "at": at,
                "kind": kind,
                "marks": marks,
                "marks_left_out": marks_left_out,
                "receipts": receipts,
                "complete": complete,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.event_mark import EventMark  # noqa: PLC0415
        from ..models.summary import Summary  # noqa: PLC0415

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

        kind = cast(Literal["receipt.updated"], d.pop("kind"))
        if kind != "receipt.updated":
            raise ValueError(f"kind must match const 'receipt.updated', got '{kind}'")

        marks = []
        _marks = d.pop("marks")
        for marks_item_data in _marks:
            marks_item = EventMark.from_dict(marks_item_data)

            marks.append(marks_item)

        marks_left_out = d.pop("marks_left_out")

        receipts = []
        _receipts = d.pop("receipts")
        for receipts_item_data in _receipts:
            receipts_item = Summary.from_dict(receipts_item_data)

            receipts.append(receipts_item)

        complete = d.pop("complete")

        user = d.pop("user", UNSET)

        receipt_updated_event = cls(
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            at=at,
            kind=kind,
            marks=marks,
            marks_left_out=marks_left_out,
            receipts=receipts,
            complete=complete,
            user=user,
        )

        receipt_updated_event.additional_properties = d
        return receipt_updated_event

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
