from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ProfileChange")


@_attrs_define
class ProfileChange:
    """The fields of their own profile that a user may change.

    Attributes:
        display_name (str | Unset):
        avatar_url (str | Unset):
        read_receipts_enabled (bool | Unset):
        delivery_receipts_enabled (bool | Unset):
    """

    display_name: str | Unset = UNSET
    avatar_url: str | Unset = UNSET
    read_receipts_enabled: bool | Unset = UNSET
    delivery_receipts_enabled: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        display_name = self.display_name

        avatar_url: str | Unset
        if isinstance(self.avatar_url, Unset):
            avatar_url = UNSET
        else:
            avatar_url = self.avatar_url

        read_receipts_enabled = self.read_receipts_enabled

        delivery_receipts_enabled = self.delivery_receipts_enabled

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if display_name is not UNSET:
            field_dict["display_name"] = display_name
        if avatar_url is not UNSET:
            field_dict["avatar_url"] = avatar_url
        if read_receipts_enabled is not UNSET:
            field_dict["read_receipts_enabled"] = read_receipts_enabled
        if delivery_receipts_enabled is not UNSET:
            field_dict["delivery_receipts_enabled"] = delivery_receipts_enabled

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        display_name = d.pop("display_name", UNSET)

        def _parse_avatar_url(data: object) -> str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(str | Unset, data)

        avatar_url = _parse_avatar_url(d.pop("avatar_url", UNSET))

        read_receipts_enabled = d.pop("read_receipts_enabled", UNSET)

        delivery_receipts_enabled = d.pop("delivery_receipts_enabled", UNSET)

        profile_change = cls(
            display_name=display_name,
            avatar_url=avatar_url,
            read_receipts_enabled=read_receipts_enabled,
            delivery_receipts_enabled=delivery_receipts_enabled,
        )

        return profile_change
