from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_result_kind import BatchResultKind
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.batch_result_errors import BatchResultErrors


T = TypeVar("T", bound="BatchResult")


@_attrs_define
class BatchResult:
    """The result of one mark; `errors` by field if it is invalid.

    Attributes:
        result (BatchResultKind): * `applied` - The mark changed something
            * `unchanged` - It was marked before
            * `not_recipient` - The user is not a recipient of this message
            * `not_found` - There is no such message, or the user cannot see it
            * `invalid` - The item is wrong
        errors (BatchResultErrors | Unset): The first 20 errors of a batch; later marks return only `invalid`.
    """

    result: BatchResultKind
    errors: BatchResultErrors | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        result = self.result.value

        errors: dict[str, Any] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = self.errors.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "result": result,
            }
        )
        if errors is not UNSET:
            field_dict["errors"] = errors

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_result_errors import BatchResultErrors  # noqa: PLC0415

        d = dict(src_dict)
        result = BatchResultKind(d.pop("result"))

        _errors = d.pop("errors", UNSET)
        errors: BatchResultErrors | Unset
        if isinstance(_errors, Unset):
            errors = UNSET
        else:
            errors = BatchResultErrors.from_dict(_errors)

        batch_result = cls(
            result=result,
            errors=errors,
        )

        batch_result.additional_properties = d
        return batch_result

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
