from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.conversation_kind import ConversationKind
from ..models.notifications import Notifications
from ..models.receipt_policy import ReceiptPolicy
from ..models.receipts_visible_to import ReceiptsVisibleTo
from ..models.role import Role
from ..models.thread_recipients import ThreadRecipients

if TYPE_CHECKING:
    from ..models.message import Message


T = TypeVar("T", bound="Conversation")


@_attrs_define
class Conversation:
    """A conversation as the caller sees it; their own part in it is null for non-participants.

    Attributes:
        id (int):
        external_id (None | str):
        kind (ConversationKind): * `direct` - Direct
            * `group` - Group
        title (str):
        receipt_policy (ReceiptPolicy): * `everyone` - Everyone
            * `admins` - Owner and admins
            * `off` - Nobody
        receipts_visible_to (ReceiptsVisibleTo): * `sender` - Its sender
            * `participants` - All participants
        thread_recipients (ThreadRecipients): * `participants` - All participants
            * `followers` - Who follows the thread
        created_at (datetime.datetime):
        role (None | Role):
        notifications (None | Notifications): Whether the caller wants to be notified of messages.

            * `on` - On
            * `off` - Off
        unread_count (int):
        unread_count_main (int): Those outside threads.
        first_unread_message (int | None):
        first_unread_message_external_id (None | str):
        last_message (Message | None):
    """

    id: int
    external_id: None | str
    kind: ConversationKind
    title: str
    receipt_policy: ReceiptPolicy
    receipts_visible_to: ReceiptsVisibleTo
    thread_recipients: ThreadRecipients
    created_at: datetime.datetime
    role: None | Role
    notifications: None | Notifications
    unread_count: int
    unread_count_main: int
    first_unread_message: int | None
    first_unread_message_external_id: None | str
    last_message: Message | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.message import Message  # noqa: PLC0415

        id = self.id

        external_id: None | str
        external_id = self.external_id

        kind = self.kind.value

        title = self.title

        receipt_policy = self.receipt_policy.value

        receipts_visible_to = self.receipts_visible_to.value

        thread_recipients = self.thread_recipients.value

        created_at = self.created_at.isoformat()

        role: None | str
        if isinstance(self.role, Role):
            role = self.role.value
        else:
            role = self.role

        notifications: None | str
        if isinstance(self.notifications, Notifications):
            notifications = self.notifications.value
        else:
            notifications = self.notifications

        unread_count = self.unread_count

        unread_count_main = self.unread_count_main

        first_unread_message: int | None
        first_unread_message = self.first_unread_message

        first_unread_message_external_id: None | str
        first_unread_message_external_id = self.first_unread_message_external_id

        last_message: dict[str, Any] | None
        if isinstance(self.last_message, Message):
            last_message = self.last_message.to_dict()
        else:
            last_message = self.last_message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "external_id": external_id,
                "kind": kind,
                "title": title,
                "receipt_policy": receipt_policy,
                "receipts_visible_to": receipts_visible_to,
                "thread_recipients": thread_recipients,
                "created_at": created_at,
                "role": role,
                "notifications": notifications,
                "unread_count": unread_count,
                "unread_count_main": unread_count_main,
                "first_unread_message": first_unread_message,
                "first_unread_message_external_id": first_unread_message_external_id,
                "last_message": last_message,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message import Message  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        external_id = _parse_external_id(d.pop("external_id"))

        kind = ConversationKind(d.pop("kind"))

        title = d.pop("title")

        receipt_policy = ReceiptPolicy(d.pop("receipt_policy"))

        receipts_visible_to = ReceiptsVisibleTo(d.pop("receipts_visible_to"))

        thread_recipients = ThreadRecipients(d.pop("thread_recipients"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_role(data: object) -> None | Role:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                role_type_0 = Role(data)

                return role_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Role, data)

        role = _parse_role(d.pop("role"))

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

        unread_count = d.pop("unread_count")

        unread_count_main = d.pop("unread_count_main")

        def _parse_first_unread_message(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        first_unread_message = _parse_first_unread_message(d.pop("first_unread_message"))

        def _parse_first_unread_message_external_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        first_unread_message_external_id = _parse_first_unread_message_external_id(
            d.pop("first_unread_message_external_id")
        )

        def _parse_last_message(data: object) -> Message | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                last_message_type_0 = Message.from_dict(data)

                return last_message_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Message | None, data)

        last_message = _parse_last_message(d.pop("last_message"))

        conversation = cls(
            id=id,
            external_id=external_id,
            kind=kind,
            title=title,
            receipt_policy=receipt_policy,
            receipts_visible_to=receipts_visible_to,
            thread_recipients=thread_recipients,
            created_at=created_at,
            role=role,
            notifications=notifications,
            unread_count=unread_count,
            unread_count_main=unread_count_main,
            first_unread_message=first_unread_message,
            first_unread_message_external_id=first_unread_message_external_id,
            last_message=last_message,
        )

        conversation.additional_properties = d
        return conversation

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
