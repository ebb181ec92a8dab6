from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="User")


@_attrs_define
class User:
    """A user, as service accounts and moderators see them.

    Attributes:
        username (str):
        display_name (str):
        avatar_url (str):
        read_receipts_enabled (bool):
        delivery_receipts_enabled (bool):
        is_active (bool):
        is_service (bool):
        created_at (datetime.datetime):
    """

    username: str
    display_name: str
    avatar_url: str
    read_receipts_enabled: bool
    delivery_receipts_enabled: bool
    is_active: bool
    is_service: bool
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        username = self.username

        display_name = self.display_name

        avatar_url = self.avatar_url

        read_receipts_enabled = self.read_receipts_enabled

        delivery_receipts_enabled = self.delivery_receipts_enabled

        is_active = self.is_active

        is_service = self.is_service

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "username": username,
                "display_name": display_name,
                "avatar_url": avatar_url,
                "read_receipts_enabled": read_receipts_enabled,
                "delivery_receipts_enabled": delivery_receipts_enabled,
                "is_active": is_active,
                "is_service": is_service,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        username = d.pop("username")

        display_name = d.pop("display_name")

        avatar_url = d.pop("avatar_url")

        read_receipts_enabled = d.pop("read_receipts_enabled")

        delivery_receipts_enabled = d.pop("delivery_receipts_enabled")

        is_active = d.pop("is_active")

        is_service = d.pop("is_service")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        user = cls(
            username=username,
            display_name=display_name,
            avatar_url=avatar_url,
            read_receipts_enabled=read_receipts_enabled,
            delivery_receipts_enabled=delivery_receipts_enabled,
            is_active=is_active,
            is_service=is_service,
            created_at=created_at,
        )

        user.additional_properties = d
        return user

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
