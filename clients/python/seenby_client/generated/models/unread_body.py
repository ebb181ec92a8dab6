from __future__ import annotations

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


T = TypeVar("T", bound="UnreadBody")


@_attrs_define
class UnreadBody:
    """The first message that is to be unread, with all after it, in `thread` if that is given.

    Attributes:
        from_message (int | MessageName): A message: its id, or an object with its external id, its id or both.
        user (str | Unset):
        thread (int | Literal['main'] | MessageName | None | Unset):
    """

    from_message: int | MessageName
    user: str | Unset = UNSET
    thread: int | Literal["main"] | MessageName | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_name import MessageName  # noqa: PLC0415

        from_message: dict[str, Any] | int
        if isinstance(self.from_message, MessageName):
            from_message = self.from_message.to_dict()
        else:
            from_message = self.from_message

        user = self.user

        thread: dict[str, Any] | int | Literal["main"] | None | Unset
        if isinstance(self.thread, Unset):
            thread = UNSET
        elif isinstance(self.thread, MessageName):
            thread = self.thread.to_dict()
        else:
            thread = self.thread

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "from_message": from_message,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user
        if thread is not UNSET:
            field_dict["thread"] = thread

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_name import MessageName  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_from_message(data: object) -> int | MessageName:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_message_reference_type_1 = MessageName.from_dict(data)

                return componentsschemas_message_reference_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(int | MessageName, data)

        from_message = _parse_from_message(d.pop("from_message"))

        user = d.pop("user", UNSET)

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

        unread_body = cls(
            from_message=from_message,
            user=user,
            thread=thread,
        )

        return unread_body
