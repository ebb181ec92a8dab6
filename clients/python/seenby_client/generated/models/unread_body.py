from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_name import MessageName


T = TypeVar("T", bound="UnreadBody")


@_attrs_define
class UnreadBody:
    """The first message that is to be unread, with all after it.

    Attributes:
        from_message (int | MessageName): A message: its id, or an object with its external id, its id or both.
        user (str | Unset):
    """

    from_message: int | MessageName
    user: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_name import MessageName  # noqa: PLC0415

        from_message: dict[str, Any] | int
        if isinstance(self.from_message, MessageName):
            from_message = self.from_message.to_dict()
        else:
            from_message = self.from_message

        user = self.user

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "from_message": from_message,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user

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

        unread_body = cls(
            from_message=from_message,
            user=user,
        )

        return unread_body
