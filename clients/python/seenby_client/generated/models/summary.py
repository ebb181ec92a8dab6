from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.overall_status import OverallStatus
from ..models.receipts_by import ReceiptsBy
from ..models.share import Share

T = TypeVar("T", bound="Summary")


@_attrs_define
class Summary:
    """A message's receipts over all its recipients.

    Attributes:
        message (int):
        message_external_id (None | str):
        conversation (int):
        conversation_external_id (None | str):
        tracked (bool):
        receipts_by (None | ReceiptsBy): How receipts are kept; null for a message without receipts.

            * `rows` - A row for each recipient
            * `position` - How far each has come
        overall_status (OverallStatus): * `sent` - Sent
            * `partial` - Partial
            * `delivered` - Delivered
            * `read` - Read
        summary_text (str):
        total_recipients (int):
        delivered_count (int):
        read_count (int):
        read_since_edit_count (int | None): How many have read the present text: reads since the last edit, if there is
            one. Null for an edited message whose receipts are kept by position.
        failed_count (int):
        delivered (Share): * `none` - None
            * `some` - Some
            * `all` - All
        read (Share): * `none` - None
            * `some` - Some
            * `all` - All
        archived_at (datetime.datetime | None): When its recipient rows were archived; only its counts are kept.
    """

    message: int
    message_external_id: None | str
    conversation: int
    conversation_external_id: None | str
    tracked: bool
    receipts_by: None | ReceiptsBy
    overall_status: OverallStatus
    summary_text: str
    total_recipients: int
    delivered_count: int
    read_count: int
    read_since_edit_count: int | None
    failed_count: int
    delivered: Share
    read: Share
    archived_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        message_external_id: None | str
        message_external_id = self.message_external_id

        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        tracked = self.tracked

        receipts_by: None | str
        if isinstance(self.receipts_by, ReceiptsBy):
            receipts_by = self.receipts_by.value
        else:
            receipts_by = self.receipts_by

        overall_status = self.overall_status.value

        summary_text = self.summary_text

        total_recipients = self.total_recipients

        delivered_count = self.delivered_count

        read_count = self.read_count

        read_since_edit_count: int | None
        read_since_edit_count = self.read_since_edit_count

        failed_count = self.failed_count

        delivered = self.delivered.value

        read = self.read.value

        archived_at: None | str
        if isinstance(self.archived_at, datetime.datetime):
            archived_at = self.archived_at.isoformat()
        else:
            archived_at = self.archived_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "message": message,
                "message_external_id": message_external_id,
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "tracked": tracked,
                "receipts_by": receipts_by,
                "overall_status": overall_status,
                "summary_text": summary_text,
                "total_recipients": total_recipients,
                "delivered_count": delivered_count,
                "read_count": read_count,
                "read_since_edit_count": read_since_edit_count,
                "failed_count": failed_count,
                "delivered": delivered,
                "read": read,
                "archived_at": archived_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        message = d.pop("message")

        def _parse_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        message_external_id = _parse_message_external_id(d.pop("message_external_id"))

        conversation = d.pop("conversation")

        def _parse_conversation_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        conversation_external_id = _parse_conversation_external_id(
            d.pop("conversation_external_id")
        )

        tracked = d.pop("tracked")

        def _parse_receipts_by(data: object) -> None | ReceiptsBy:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                receipts_by_type_0 = ReceiptsBy(data)

                return receipts_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReceiptsBy, data)

        receipts_by = _parse_receipts_by(d.pop("receipts_by"))

        overall_status = OverallStatus(d.pop("overall_status"))

        summary_text = d.pop("summary_text")

        total_recipients = d.pop("total_recipients")

        delivered_count = d.pop("delivered_count")

        read_count = d.pop("read_count")

        def _parse_read_since_edit_count(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        read_since_edit_count = _parse_read_since_edit_count(d.pop("read_since_edit_count"))

        failed_count = d.pop("failed_count")

        delivered = Share(d.pop("delivered"))

        read = Share(d.pop("read"))

        def _parse_archived_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                archived_at_type_0 = datetime.datetime.fromisoformat(data)

                return archived_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        archived_at = _parse_archived_at(d.pop("archived_at"))

        summary = cls(
            message=message,
            message_external_id=message_external_id,
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            tracked=tracked,
            receipts_by=receipts_by,
            overall_status=overall_status,
            summary_text=summary_text,
            total_recipients=total_recipients,
            delivered_count=delivered_count,
            read_count=read_count,
            read_since_edit_count=read_since_edit_count,
            failed_count=failed_count,
            delivered=delivered,
            read=read,
            archived_at=archived_at,
        )

        summary.additional_properties = d
        return summary

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
