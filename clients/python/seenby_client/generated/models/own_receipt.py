from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.state import State

T = TypeVar("T", bound="OwnReceipt")


@_attrs_define
class OwnReceipt:
    """The recipient's own receipt, with what only they may know: `received_at` and `seen_at`.

    Attributes:
        user (str):
        user_name (str):
        user_avatar_url (str):
        state (State): * `pending` - Pending
            * `failed` - Not delivered
            * `delivered` - Delivered
            * `read` - Read
            * `withdrawn` - Withdrawn
        status_text (str):
        delivered_at (datetime.datetime | None):
        read_at (datetime.datetime | None):
        failed_at (datetime.datetime | None):
        failure_reason (None | str):
        content (None | str):
        message (int):
        conversation (int):
        received_at (datetime.datetime | None): When it first reached the recipient, privately or not.
        seen_at (datetime.datetime | None):
    """

    user: str
    user_name: str
    user_avatar_url: str
    state: State
    status_text: str
    delivered_at: datetime.datetime | None
    read_at: datetime.datetime | None
    failed_at: datetime.datetime | None
    failure_reason: None | str
    content: None | str
    message: int
    conversation: int
    received_at: datetime.datetime | None
    seen_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user = self.user

        user_name = self.user_name

        user_avatar_url = self.user_avatar_url

        state = self.state.value

        status_text = self.status_text

        delivered_at: None | str
        if isinstance(self.delivered_at, datetime.datetime):
            delivered_at = self.delivered_at.isoformat()
        else:
            delivered_at = self.delivered_at

        read_at: None | str
        if isinstance(self.read_at, datetime.datetime):
            read_at = self.read_at.isoformat()
        else:
            read_at = self.read_at

        failed_at: None | str
        if isinstance(self.failed_at, datetime.datetime):
            failed_at = self.failed_at.isoformat()
        else:
            failed_at = self.failed_at

        failure_reason: None | str
        failure_reason = self.failure_reason

        content: None | str
        content = self.content

        message = self.message

        conversation = self.conversation

        received_at: None | str
        if isinstance(self.received_at, datetime.datetime):
            received_at = self.received_at.isoformat()
        else:
            received_at = self.received_at

        seen_at: None | str
        if isinstance(self.seen_at, datetime.datetime):
            seen_at = self.seen_at.isoformat()
        else:
            seen_at = self.seen_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user": user,
                "user_name": user_name,
                "user_avatar_url": user_avatar_url,
                "state": state,
                "status_text": status_text,
                "delivered_at": delivered_at,
                "read_at": read_at,
                "failed_at": failed_at,
                "failure_reason": failure_reason,
                "content": content,
                "message": message,
                "conversation": conversation,
                "received_at": received_at,
                "seen_at": seen_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        user = d.pop("user")

        user_name = d.pop("user_name")

        user_avatar_url = d.pop("user_avatar_url")

        state = State(d.pop("state"))

        status_text = d.pop("status_text")

        def _parse_delivered_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                delivered_at_type_0 = datetime.datetime.fromisoformat(data)

                return delivered_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        delivered_at = _parse_delivered_at(d.pop("delivered_at"))

        def _parse_read_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                read_at_type_0 = datetime.datetime.fromisoformat(data)

                return read_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        read_at = _parse_read_at(d.pop("read_at"))

        def _parse_failed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                failed_at_type_0 = datetime.datetime.fromisoformat(data)

                return failed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        failed_at = _parse_failed_at(d.pop("failed_at"))

        def _parse_failure_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        failure_reason = _parse_failure_reason(d.pop("failure_reason"))

        def _parse_content(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        content = _parse_content(d.pop("content"))

        message = d.pop("message")

        conversation = d.pop("conversation")

        def _parse_received_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                received_at_type_0 = datetime.datetime.fromisoformat(data)

                return received_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        received_at = _parse_received_at(d.pop("received_at"))

        def _parse_seen_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                seen_at_type_0 = datetime.datetime.fromisoformat(data)

                return seen_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        seen_at = _parse_seen_at(d.pop("seen_at"))

        own_receipt = cls(
            user=user,
            user_name=user_name,
            user_avatar_url=user_avatar_url,
            state=state,
            status_text=status_text,
            delivered_at=delivered_at,
            read_at=read_at,
            failed_at=failed_at,
            failure_reason=failure_reason,
            content=content,
            message=message,
            conversation=conversation,
            received_at=received_at,
            seen_at=seen_at,
        )

        own_receipt.additional_properties = d
        return own_receipt

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
