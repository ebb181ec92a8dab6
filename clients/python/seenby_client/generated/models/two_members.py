from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="TwoMembers")


@_attrs_define
class TwoMembers:
    """Two people, by their usernames; a user may omit their own. `external_id` is for services.

    It is that of a conversation that is made now.

        Attributes:
            members (list[str]):
            external_id (None | str | Unset):
    """

    members: list[str]
    external_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        members = self.members

        external_id: None | str | Unset
        if isinstance(self.external_id, Unset):
            external_id = UNSET
        else:
            external_id = self.external_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "members": members,
            }
        )
        if external_id is not UNSET:
            field_dict["external_id"] = external_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        members = cast(list[str], d.pop("members"))

        def _parse_external_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        external_id = _parse_external_id(d.pop("external_id", UNSET))

        two_members = cls(
            members=members,
            external_id=external_id,
        )

        return two_members
