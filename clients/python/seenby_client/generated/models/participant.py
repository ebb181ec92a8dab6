from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.membership import Membership
from ..models.notifications import Notifications
from ..models.role import Role

T = TypeVar("T", bound="Participant")


@_attrs_define
class Participant:
    """A membership. The watermarks are null if the caller may not see them.

    Attributes:
        user (str):
        user_name (str):
        user_avatar_url (str):
        role (Role): * `owner` - Owner
            * `admin` - Admin
            * `member` - Member
        membership (Membership): * `active` - Active
            * `left` - Left
            * `muted` - Muted
            * `banned` - Banned
        joined_at (datetime.datetime):
        left_at (datetime.datetime | None):
        muted (bool):
        banned (bool):
        notifications (None | Notifications): Whether the user wants to be notified; null for others than the user.

            * `on` - On
            * `off` - Off
        last_delivered_message (int | None):
        last_delivered_message_external_id (None | str):
        last_delivered_at (datetime.datetime | None):
        last_read_message (int | None):
        last_read_message_external_id (None | str):
        last_read_at (datetime.datetime | None):
    """

    user: str
    user_name: str
    user_avatar_url: str
    role: Role
    membership: Membership
    joined_at: datetime.datetime
    left_at: datetime.datetime | None
    muted: bool
    banned: bool
    notifications: None | Notifications
    last_delivered_message: int | None
    last_delivered_message_external_id: None | str
    last_delivered_at: datetime.datetime | None
    last_read_message: int | None
    last_read_message_external_id: None | str
    last_read_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user = self.user

        user_name = self.user_name

        user_avatar_url = self.user_avatar_url

        role = self.role.value

        membership = self.membership.value

        joined_at = self.joined_at.isoformat()

        left_at: None | str
        if isinstance(self.left_at, datetime.datetime):
            left_at = self.left_at.isoformat()
        else:
            left_at = self.left_at

        muted = self.muted

        banned = self.banned

        notifications: None | str
        if isinstance(self.notifications, Notifications):
            notifications = self.notifications.value
        else:
            notifications = self.notifications

        last_delivered_message: int | None
        last_delivered_message = self.last_delivered_message

        last_delivered_message_external_id: None | str
        last_delivered_message_external_id = self.last_delivered_message_external_id

        last_delivered_at: None | str
        if isinstance(self.last_delivered_at, datetime.datetime):
            last_delivered_at = self.last_delivered_at.isoformat()
        else:
            last_delivered_at = self.last_delivered_at

        last_read_message: int | None
        last_read_message = self.last_read_message

        last_read_message_external_id: None | str
        last_read_message_external_id = self.last_read_message_external_id

        last_read_at: None | str
        if isinstance(self.last_read_at, datetime.datetime):
            last_read_at = self.last_read_at.isoformat()
        else:
            last_read_at = self.last_read_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user": user,
                "user_name": user_name,
                "user_avatar_url": user_avatar_url,
                "role": role,
                "membership": membership,
                "joined_at": joined_at,
                "left_at": left_at,
                "muted": muted,
                "banned": banned,
                "notifications": notifications,
                "last_delivered_message": last_delivered_message,
                "last_delivered_message_external_id": last_delivered_message_external_id,
                "last_delivered_at": last_delivered_at,
                "last_read_message": last_read_message,
                "last_read_message_external_id": last_read_message_external_id,
                "last_read_at": last_read_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        user = d.pop("user")

        user_name = d.pop("user_name")

        user_avatar_url = d.pop("user_avatar_url")

        role = Role(d.pop("role"))

        membership = Membership(d.pop("membership"))

        joined_at = datetime.datetime.fromisoformat(d.pop("joined_at"))

        def _parse_left_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                left_at_type_0 = datetime.datetime.fromisoformat(data)

                return left_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        left_at = _parse_left_at(d.pop("left_at"))

        muted = d.pop("muted")

        banned = d.pop("banned")

        def _parse_notifications(data: object) -> None | Notifications:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                notifications_type_0 = Notifications(data)

                return notifications_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Notifications, data)

        notifications = _parse_notifications(d.pop("notifications"))

        def _parse_last_delivered_message(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        last_delivered_message = _parse_last_delivered_message(d.pop("last_delivered_message"))

        def _parse_last_delivered_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_delivered_message_external_id = _parse_last_delivered_message_external_id(
            d.pop("last_delivered_message_external_id")
        )

        def _parse_last_delivered_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_delivered_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_delivered_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_delivered_at = _parse_last_delivered_at(d.pop("last_delivered_at"))

        def _parse_last_read_message(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        last_read_message = _parse_last_read_message(d.pop("last_read_message"))

        def _parse_last_read_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_read_message_external_id = _parse_last_read_message_external_id(
            d.pop("last_read_message_external_id")
        )

        def _parse_last_read_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_read_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_read_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_read_at = _parse_last_read_at(d.pop("last_read_at"))

        participant = cls(
            user=user,
            user_name=user_name,
            user_avatar_url=user_avatar_url,
            role=role,
            membership=membership,
            joined_at=joined_at,
            left_at=left_at,
            muted=muted,
            banned=banned,
            notifications=notifications,
            last_delivered_message=last_delivered_message,
            last_delivered_message_external_id=last_delivered_message_external_id,
            last_delivered_at=last_delivered_at,
            last_read_message=last_read_message,
            last_read_message_external_id=last_read_message_external_id,
            last_read_at=last_read_at,
        )

        participant.additional_properties = d
        return participant

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
