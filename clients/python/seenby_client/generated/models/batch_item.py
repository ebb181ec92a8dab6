from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.batch_item_state import BatchItemState
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_name import MessageName


T = TypeVar("T", bound="BatchItem")


@_attrs_define
class BatchItem:
    """One mark of a batch. `sent` changes nothing; `failed` is for service accounts.

    Attributes:
        message (int | MessageName): A message: its id, or an object with its external id, its id or both.
        state (BatchItemState): * `sent` - Sent
            * `delivered` - Delivered
            * `read` - Read
            * `failed` - Failed
        at (datetime.datetime | Unset):
        private (bool | Unset):
        content (str | Unset):
        reason (None | str | Unset): Why it `failed`; of a longer one 1000 characters are kept.
        user (str | Unset):
    """

    message: int | MessageName
    state: BatchItemState
    at: datetime.datetime | Unset = UNSET
    private: bool | Unset = UNSET
    content: str | Unset = UNSET
    reason: None | str | Unset = UNSET
    user: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_name import MessageName  # noqa: PLC0415

        message: dict[str, Any] | int
        if isinstance(self.message, MessageName):
            message = self.message.to_dict()
        else:
            message = self.message

        state = self.state.value

        at: str | Unset = UNSET
        if not isinstance(self.at, Unset):
            at = self.at.isoformat()

        private = self.private

        content = self.content

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        user = self.user

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "message": message,
                "state": state,
            }
        )
        if at is not UNSET:
            field_dict["at"] = at
        if private is not UNSET:
            field_dict["private"] = private
        if content is not UNSET:
            field_dict["content"] = content
        if reason is not UNSET:
            field_dict["reason"] = reason
        if user is not UNSET:
            field_dict["user"] = user

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_name import MessageName  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_message(data: object) -> int | MessageName:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_message_reference_type_1 = MessageName.from_dict(data)

                return componentsschemas_message_reference_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(int | MessageName, data)

        message = _parse_message(d.pop("message"))

        state = BatchItemState(d.pop("state"))

        _at = d.pop("at", UNSET)
        at: datetime.datetime | Unset
        if isinstance(_at, Unset):
            at = UNSET
        else:
            at = datetime.datetime.fromisoformat(_at)

        private = d.pop("private", UNSET)

        content = d.pop("content", UNSET)

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        user = d.pop("user", UNSET)

        batch_item = cls(
            message=message,
            state=state,
            at=at,
            private=private,
            content=content,
            reason=reason,
            user=user,
        )

        return batch_item
