from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.message_kind import MessageKind
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_name import MessageName


T = TypeVar("T", bound="NewMessage")


@_attrs_define
class NewMessage:
    """A message; all but its text and `client_id`, and a wish for receipts, is for services.

    A system line has no recipients. With `activity` it is the newest message of its conversation.

        Attributes:
            body (str):
            kind (MessageKind | Unset): * `message` - Message
                * `system` - System line
            activity (bool | Unset):
            client_id (None | str | Unset):
            external_id (None | str | Unset):
            request_receipts (bool | Unset):
            mark_read (bool | Unset):
            sender (str | Unset):
            sent_at (datetime.datetime | Unset):
            thread (int | MessageName | None | Unset):
    """

    body: str
    kind: MessageKind | Unset = UNSET
    activity: bool | Unset = UNSET
    client_id: None | str | Unset = UNSET
    external_id: None | str | Unset = UNSET
    request_receipts: bool | Unset = UNSET
    mark_read: bool | Unset = UNSET
    sender: str | Unset = UNSET
    sent_at: datetime.datetime | Unset = UNSET
    thread: int | MessageName | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.message_name import MessageName  # noqa: PLC0415

        body = self.body

        kind: str | Unset = UNSET
        if not isinstance(self.kind, Unset):
            kind = self.kind.value

        activity = self.activity

        client_id: None | str | Unset
        if isinstance(self.client_id, Unset):
            client_id = UNSET
        else:
            client_id = self.client_id

        external_id: None | str | Unset
        if isinstance(self.external_id, Unset):
            external_id = UNSET
        else:
            external_id = self.external_id

        request_receipts = self.request_receipts

        mark_read = self.mark_read

        sender = self.sender

        sent_at: str | Unset = UNSET
        if not isinstance(self.sent_at, Unset):
            sent_at = self.sent_at.isoformat()

        thread: dict[str, Any] | int | None | Unset
        if isinstance(self.thread, Unset):
            thread = UNSET
        elif isinstance(self.thread, MessageName):
            thread = self.thread.to_dict()
        else:
            thread = self.thread

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "body": body,
            }
        )
        if kind is not UNSET:
            field_dict["kind"] = kind
        if activity is not UNSET:
            field_dict["activity"] = activity
        if client_id is not UNSET:
            field_dict["client_id"] = client_id
        if external_id is not UNSET:
            field_dict["external_id"] = external_id
        if request_receipts is not UNSET:
            field_dict["request_receipts"] = request_receipts
        if mark_read is not UNSET:
            field_dict["mark_read"] = mark_read
        if sender is not UNSET:
            field_dict["sender"] = sender
        if sent_at is not UNSET:
            field_dict["sent_at"] = sent_at
        if thread is not UNSET:
            field_dict["thread"] = thread

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_name import MessageName  # noqa: PLC0415

        d = dict(src_dict)
        body = d.pop("body")

        _kind = d.pop("kind", UNSET)
        kind: MessageKind | Unset
        if isinstance(_kind, Unset):
            kind = UNSET
        else:
            kind = MessageKind(_kind)

        activity = d.pop("activity", UNSET)

        def _parse_client_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        client_id = _parse_client_id(d.pop("client_id", UNSET))

        def _parse_external_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        external_id = _parse_external_id(d.pop("external_id", UNSET))

        request_receipts = d.pop("request_receipts", UNSET)

        mark_read = d.pop("mark_read", UNSET)

        sender = d.pop("sender", UNSET)

        _sent_at = d.pop("sent_at", UNSET)
        sent_at: datetime.datetime | Unset
        if isinstance(_sent_at, Unset):
            sent_at = UNSET
        else:
            sent_at = datetime.datetime.fromisoformat(_sent_at)

        def _parse_thread(data: object) -> int | MessageName | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_message_reference_type_1 = MessageName.from_dict(data)

                return componentsschemas_message_reference_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(int | MessageName | None | Unset, data)

        thread = _parse_thread(d.pop("thread", UNSET))

        new_message = cls(
            body=body,
            kind=kind,
            activity=activity,
            client_id=client_id,
            external_id=external_id,
            request_receipts=request_receipts,
            mark_read=mark_read,
            sender=sender,
            sent_at=sent_at,
            thread=thread,
        )

        return new_message
