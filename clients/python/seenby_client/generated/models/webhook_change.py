from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.webhook_kind import WebhookKind
from ..types import UNSET, Unset

T = TypeVar("T", bound="WebhookChange")


@_attrs_define
class WebhookChange:
    """The fields that may be changed; a webhook switched on again continues where it stopped.

    Attributes:
        url (str | Unset):
        kinds (list[WebhookKind] | Unset): Event kinds to send; empty for all.
        is_active (bool | Unset):
    """

    url: str | Unset = UNSET
    kinds: list[WebhookKind] | Unset = UNSET
    is_active: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        kinds: list[str] | Unset = UNSET
        if not isinstance(self.kinds, Unset):
            kinds = []
            for kinds_item_data in self.kinds:
                kinds_item = kinds_item_data.value
                kinds.append(kinds_item)

        is_active = self.is_active

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if url is not UNSET:
            field_dict["url"] = url
        if kinds is not UNSET:
            field_dict["kinds"] = kinds
        if is_active is not UNSET:
            field_dict["is_active"] = is_active

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        url = d.pop("url", UNSET)

        _kinds = d.pop("kinds", UNSET)
        kinds: list[WebhookKind] | Unset = UNSET
        if _kinds is not UNSET:
            kinds = []
            for kinds_item_data in _kinds:
                kinds_item = WebhookKind(kinds_item_data)

                kinds.append(kinds_item)

        is_active = d.pop("is_active", UNSET)

        webhook_change = cls(
            url=url,
            kinds=kinds,
            is_active=is_active,
        )

        return webhook_change
