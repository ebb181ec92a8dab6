from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.message_kind import MessageKind
from ..models.receipts_by import ReceiptsBy
from ..models.untracked_reason import UntrackedReason

if TYPE_CHECKING:
    from ..models.summary import Summary


T = TypeVar("T", bound="Message")


@_attrs_define
class Message:
    """A message as one user may see it.

    Attributes:
        id (int):
        external_id (None | str):
        conversation (int):
        conversation_external_id (None | str):
        kind (MessageKind): * `message` - Message
            * `system` - System line
        sender (str):
        sender_name (str):
        body (str):
        client_id (None | str):
        created_at (datetime.datetime):
        edited_at (datetime.datetime | None): When its text was last changed; null if it never was.
        deleted_at (datetime.datetime | None):
        thread (int | None): The message to which it is a reply; null in the main line.
        thread_external_id (None | str):
        reply_count (int): Its replies that are not deleted.
        last_reply (int | None):
        last_reply_external_id (None | str):
        last_reply_at (datetime.datetime | None):
        unread_replies (int | None): The caller's; null in events, and for replies.
        following (bool | None): Whether the caller follows its thread; null likewise.
        tracked (bool):
        untracked_reason (None | UntrackedReason):
        receipts_by (None | ReceiptsBy): How receipts are kept; null for a message without receipts.

            * `rows` - A row for each recipient
            * `position` - How far each has come
        receipts (None | Summary): Null for those who may not see it, and where receipts are kept by position: then
            `/status/` counts them.
    """

    id: int
    external_id: None | str
    conversation: int
    conversation_external_id: None | str
    kind: MessageKind
    sender: str
    sender_name: str
    body: str
    client_id: None | str
    created_at: datetime.datetime
    edited_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    thread: int | None
    thread_external_id: None | str
    reply_count: int
    last_reply: int | None
    last_reply_external_id: None | str
    last_reply_at: datetime.datetime | None
    unread_replies: int | None
    following: bool | None
    tracked: bool
    untracked_reason: None | UntrackedReason
    receipts_by: None | ReceiptsBy
    receipts: None | Summary
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.summary import Summary  # noqa: PLC0415

        id = self.id

        external_id: None | str
        external_id = self.external_id

        conversation = self.conversation

        conversation_external_id: None | str
        conversation_external_id = self.conversation_external_id

        kind = self.kind.value

        sender = self.sender

        sender_name = self.sender_name

        body = self.body

        client_id: None | str
        client_id = self.client_id

        created_at = self.created_at.isoformat()

        edited_at: None | str
        if isinstance(self.edited_at, datetime.datetime):
            edited_at = self.edited_at.isoformat()
        else:
            edited_at = self.edited_at

        deleted_at: None | str
        if isinstance(self.deleted_at, datetime.datetime):
            deleted_at = self.deleted_at.isoformat()
        else:
            deleted_at = self.deleted_at

        thread: int | None
        thread = self.thread

        thread_external_id: None | str
        thread_external_id = self.thread_external_id

        reply_count = self.reply_count

        last_reply: int | None
        last_reply = self.last_reply

        last_reply_external_id: None | str
        last_reply_external_id = self.last_reply_external_id

        last_reply_at: None | str
        if isinstance(self.last_reply_at, datetime.datetime):
            last_reply_at = self.last_reply_at.isoformat()
        else:
            last_reply_at = self.last_reply_at

        unread_replies: int | None
        unread_replies = self.unread_replies

        following: bool | None
        following = self.following

        tracked = self.tracked

        untracked_reason: None | str
        if isinstance(self.untracked_reason, UntrackedReason):
            untracked_reason = self.untracked_reason.value
        else:
            untracked_reason = self.untracked_reason

        receipts_by: None | str
        if isinstance(self.receipts_by, ReceiptsBy):
            receipts_by = self.receipts_by.value
        else:
            receipts_by = self.receipts_by

        receipts: dict[str, Any] | None
        if isinstance(self.receipts, Summary):
            receipts = self.receipts.to_dict()
        else:
            receipts = self.receipts

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "external_id": external_id,
                "conversation": conversation,
                "conversation_external_id": conversation_external_id,
                "kind": kind,
                "sender": sender,
                "sender_name": sender_name,
                "body": body,
                "client_id": client_id,
                "created_at": created_at,
                "edited_at": edited_at,
                "deleted_at": deleted_at,
                "thread": thread,
                "thread_external_id": thread_external_id,
                "reply_count": reply_count,
                "last_reply": last_reply,
                "last_reply_external_id": last_reply_external_id,
                "last_reply_at": last_reply_at,
                "unread_replies": unread_replies,
                "following": following,
                "tracked": tracked,
                "untracked_reason": untracked_reason,
                "receipts_by": receipts_by,
                "receipts": receipts,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.summary import Summary  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        external_id = _parse_external_id(d.pop("external_id"))

        conversation = d.pop("conversation")

        def _parse_conversation_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        conversation_external_id = _parse_conversation_external_id(
            d.pop("conversation_external_id")
        )

        kind = MessageKind(d.pop("kind"))

        sender = d.pop("sender")

        sender_name = d.pop("sender_name")

        body = d.pop("body")

        def _parse_client_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        client_id = _parse_client_id(d.pop("client_id"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_edited_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                edited_at_type_0 = datetime.datetime.fromisoformat(data)

                return edited_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        edited_at = _parse_edited_at(d.pop("edited_at"))

        def _parse_deleted_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                deleted_at_type_0 = datetime.datetime.fromisoformat(data)

                return deleted_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        deleted_at = _parse_deleted_at(d.pop("deleted_at"))

        def _parse_thread(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        thread = _parse_thread(d.pop("thread"))

        def _parse_thread_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        thread_external_id = _parse_thread_external_id(d.pop("thread_external_id"))

        reply_count = d.pop("reply_count")

        def _parse_last_reply(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        last_reply = _parse_last_reply(d.pop("last_reply"))

        def _parse_last_reply_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_reply_external_id = _parse_last_reply_external_id(d.pop("last_reply_external_id"))

        def _parse_last_reply_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_reply_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_reply_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_reply_at = _parse_last_reply_at(d.pop("last_reply_at"))

        def _parse_unread_replies(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        unread_replies = _parse_unread_replies(d.pop("unread_replies"))

        def _parse_following(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        following = _parse_following(d.pop("following"))

        tracked = d.pop("tracked")

        def _parse_untracked_reason(data: object) -> None | UntrackedReason:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                untracked_reason_type_0 = UntrackedReason(data)

                return untracked_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UntrackedReason, data)

        untracked_reason = _parse_untracked_reason(d.pop("untracked_reason"))

        def _parse_receipts_by(data: object) -> None | ReceiptsBy:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                receipts_by_type_0 = ReceiptsBy(data)

                return receipts_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReceiptsBy, data)

        receipts_by = _parse_receipts_by(d.pop("receipts_by"))

        def _parse_receipts(data: object) -> None | Summary:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                receipts_type_0 = Summary.from_dict(data)

                return receipts_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Summary, data)

        receipts = _parse_receipts(d.pop("receipts"))

        message = cls(
            id=id,
            external_id=external_id,
            conversation=conversation,
            conversation_external_id=conversation_external_id,
            kind=kind,
            sender=sender,
            sender_name=sender_name,
            body=body,
            client_id=client_id,
            created_at=created_at,
            edited_at=edited_at,
            deleted_at=deleted_at,
            thread=thread,
            thread_external_id=thread_external_id,
            reply_count=reply_count,
            last_reply=last_reply,
            last_reply_external_id=last_reply_external_id,
            last_reply_at=last_reply_at,
            unread_replies=unread_replies,
            following=following,
            tracked=tracked,
            untracked_reason=untracked_reason,
            receipts_by=receipts_by,
            receipts=receipts,
        )

        message.additional_properties = d
        return message

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
