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

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_name import MessageName


T = TypeVar("T", bound="BulkReadBody")


@_attrs_define
class BulkReadBody:
    """A read up to a message; if `private`, others see it as a delivery.

    Attributes:
        user (str | Unset):
        private (bool | Unset):
        at (datetime.datetime | Unset):
        up_to_message (int | MessageName | None | Unset):
        thread (int | Literal['main'] | MessageName | None | Unset):
    """

    user: str | Unset = UNSET
    private: bool | Unset = UNSET
    at: datetime.datetime | Unset = UNSET
    up_to_message: int | MessageName | None | Unset = UNSET
    thread: int | Literal["main"] | MessageName | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_name import MessageName  # noqa: PLC0415

        user = self.user

        private = self.private

        at: str | Unset = UNSET
        if not isinstance(self.at, Unset):
            at = self.at.isoformat()

        up_to_message: dict[str, Any] | int | None | Unset
        if isinstance(self.up_to_message, Unset):
            up_to_message = UNSET
        elif isinstance(self.up_to_message, MessageName):
            up_to_message = self.up_to_message.to_dict()
        else:
            up_to_message = self.up_to_message

        thread: dict[str, Any] | int | Literal["main"] | None | Unset
        if isinstance(self.thread, Unset):
            thread = UNSET
        elif isinstance(self.thread, MessageName):
            thread = self.thread.to_dict()
        else:
            thread = self.thread

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if user is not UNSET:
            field_dict["user"] = user
        if private is not UNSET:
            field_dict["private"] = private
        if at is not UNSET:
            field_dict["at"] = at
        if up_to_message is not UNSET:
            field_dict["up_to_message"] = up_to_message
        if thread is not UNSET:
            field_dict["thread"] = thread

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_name import MessageName  # noqa: PLC0415

        d = dict(src_dict)
        user = d.pop("user", UNSET)

        private = d.pop("private", UNSET)

        _at = d.pop("at", UNSET)
        at: datetime.datetime | Unset
        if isinstance(_at, Unset):
            at = UNSET
        else:
            at = datetime.datetime.fromisoformat(_at)

        def _parse_up_to_message(data: object) -> int | MessageName | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_message_reference_type_1 = MessageName.from_dict(data)

                return componentsschemas_message_reference_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(int | MessageName | None | Unset, data)

        up_to_message = _parse_up_to_message(d.pop("up_to_message", UNSET))

        def _parse_thread(data: object) -> int | Literal["main"] | MessageName | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            thread_type_0 = cast(Literal["main"], data)
            if thread_type_0 != "main":
                raise ValueError(f"thread_type_0 must match const 'main', got '{thread_type_0}'")
            return thread_type_0
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_message_reference_type_1 = MessageName.from_dict(data)

                return componentsschemas_message_reference_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(int | Literal["main"] | MessageName | None | Unset, data)

        thread = _parse_thread(d.pop("thread", UNSET))

        bulk_read_body = cls(
            user=user,
            private=private,
            at=at,
            up_to_message=up_to_message,
            thread=thread,
        )

        return bulk_read_body
