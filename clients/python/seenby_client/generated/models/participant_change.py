from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.notifications import Notifications
from ..models.role import Role
from ..types import UNSET, Unset

T = TypeVar("T", bound="ParticipantChange")


@_attrs_define
class ParticipantChange:
    """`muted`: others do not let the user write. `notifications`: the user's own wish.

    Attributes:
        role (Role | Unset): * `owner` - Owner
            * `admin` - Admin
            * `member` - Member
        muted (bool | Unset):
        banned (bool | Unset):
        notifications (Notifications | Unset): * `on` - On
            * `off` - Off
    """

    role: Role | Unset = UNSET
    muted: bool | Unset = UNSET
    banned: bool | Unset = UNSET
    notifications: Notifications | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        role: str | Unset = UNSET
        if not isinstance(self.role, Unset):
            role = self.role.value

        muted = self.muted

        banned = self.banned

        notifications: str | Unset = UNSET
        if not isinstance(self.notifications, Unset):
            notifications = self.notifications.value

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if role is not UNSET:
            field_dict["role"] = role
        if muted is not UNSET:
            field_dict["muted"] = muted
        if banned is not UNSET:
            field_dict["banned"] = banned
        if notifications is not UNSET:
            field_dict["notifications"] = notifications

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _role = d.pop("role", UNSET)
        role: Role | Unset
        if isinstance(_role, Unset):
            role = UNSET
        else:
            role = Role(_role)

        muted = d.pop("muted", UNSET)

        banned = d.pop("banned", UNSET)

        _notifications = d.pop("notifications", UNSET)
        notifications: Notifications | Unset
        if isinstance(_notifications, Unset):
            notifications = UNSET
        else:
            notifications = Notifications(_notifications)

        participant_change = cls(
            role=role,
            muted=muted,
            banned=banned,
            notifications=notifications,
        )

        return participant_change
