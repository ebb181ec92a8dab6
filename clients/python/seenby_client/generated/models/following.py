from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Following")


@_attrs_define
class Following:
    """Whether a user follows a thread.

    Attributes:
        message (int):
        conversation (int):
        user (str):
        following (bool):
    """

    message: int
    conversation: int
    user: str
    following: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        conversation = self.conversation

        user = self.user

        following = self.following

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "message": message,
                "conversation": conversation,
                "user": user,
                "following": following,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        message = d.pop("message")

        conversation = d.pop("conversation")

        user = d.pop("user")

        following = d.pop("following")

        following = cls(
            message=message,
            conversation=conversation,
            user=user,
            following=following,
        )

        following.additional_properties = d
        return following

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
