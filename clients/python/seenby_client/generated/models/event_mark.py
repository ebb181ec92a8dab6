from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.state import State

T = TypeVar("T", bound="EventMark")


@_attrs_define
class EventMark:
    """One user's marks: how many messages reached a state, with the first and the last.

    Attributes:
        user (None | str):
        state (State): * `pending` - Pending
            * `failed` - Not delivered
            * `delivered` - Delivered
            * `read` - Read
            * `withdrawn` - Withdrawn
        at (datetime.datetime): Time of the latest of these marks, as in the recipient list.
        reason (None | str): Why the delivery `failed`.
        count (int):
        first_message (int):
        first_message_external_id (None | str):
        last_message (int):
        last_message_external_id (None | str):
    """

    user: None | str
    state: State
    at: datetime.datetime
    reason: None | str
    count: int
    first_message: int
    first_message_external_id: None | str
    last_message: int
    last_message_external_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user: None | str
        user = self.user

        state = self.state.value

        at = self.at.isoformat()

        reason: None | str
        reason = self.reason

        count = self.count

        first_message = self.first_message

        first_message_external_id: None | str
        first_message_external_id = self.first_message_external_id

        last_message = self.last_message

        last_message_external_id: None | str
        last_message_external_id = self.last_message_external_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user": user,
                "state": state,
                "at": at,
                "reason": reason,
                "count": count,
                "first_message": first_message,
                "first_message_external_id": first_message_external_id,
                "last_message": last_message,
                "last_message_external_id": last_message_external_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_user(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        user = _parse_user(d.pop("user"))

        state = State(d.pop("state"))

        at = datetime.datetime.fromisoformat(d.pop("at"))

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        count = d.pop("count")

        first_message = d.pop("first_message")

        def _parse_first_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        first_message_external_id = _parse_first_message_external_id(
            d.pop("first_message_external_id")
        )

        last_message = d.pop("last_message")

        def _parse_last_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_message_external_id = _parse_last_message_external_id(
            d.pop("last_message_external_id")
        )

        event_mark = cls(
            user=user,
            state=state,
            at=at,
            reason=reason,
            count=count,
            first_message=first_message,
            first_message_external_id=first_message_external_id,
            last_message=last_message,
            last_message_external_id=last_message_external_id,
        )

        event_mark.additional_properties = d
        return event_mark

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
