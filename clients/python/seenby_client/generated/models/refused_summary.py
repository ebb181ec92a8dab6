from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.summary_refusal import SummaryRefusal

T = TypeVar("T", bound="RefusedSummary")


@_attrs_define
class RefusedSummary:
    """A message whose receipts the caller may not see.

    Attributes:
        message (int | None):
        message_external_id (None | str):
        code (SummaryRefusal): * `not_found` - There is no such message, or you cannot see it
            * `permission_denied` - You may not see its receipts
        detail (str):
    """

    message: int | None
    message_external_id: None | str
    code: SummaryRefusal
    detail: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message: int | None
        message = self.message

        message_external_id: None | str
        message_external_id = self.message_external_id

        code = self.code.value

        detail = self.detail

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "message": message,
                "message_external_id": message_external_id,
                "code": code,
                "detail": detail,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_message(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        message = _parse_message(d.pop("message"))

        def _parse_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        message_external_id = _parse_message_external_id(d.pop("message_external_id"))

        code = SummaryRefusal(d.pop("code"))

        detail = d.pop("detail")

        refused_summary = cls(
            message=message,
            message_external_id=message_external_id,
            code=code,
            detail=detail,
        )

        refused_summary.additional_properties = d
        return refused_summary

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
