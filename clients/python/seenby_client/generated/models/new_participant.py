from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.role import Role
from ..types import UNSET, Unset

T = TypeVar("T", bound="NewParticipant")


@_attrs_define
class NewParticipant:
    """Who takes part from now on.

    Attributes:
        user (str):
        role (Role | Unset): * `owner` - Owner
            * `admin` - Admin
            * `member` - Member
    """

    user: str
    role: Role | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        user = self.user

        role: str | Unset = UNSET
        if not isinstance(self.role, Unset):
            role = self.role.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "user": user,
            }
        )
        if role is not UNSET:
            field_dict["role"] = role

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        user = d.pop("user")

        _role = d.pop("role", UNSET)
        role: Role | Unset
        if isinstance(_role, Unset):
            role = UNSET
        else:
            role = Role(_role)

        new_participant = cls(
            user=user,
            role=role,
        )

        return new_participant
