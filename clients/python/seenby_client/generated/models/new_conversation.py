from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.conversation_kind import ConversationKind
from ..models.receipt_policy import ReceiptPolicy
from ..models.receipts_visible_to import ReceiptsVisibleTo
from ..models.thread_recipients import ThreadRecipients
from ..types import UNSET, Unset

T = TypeVar("T", bound="NewConversation")


@_attrs_define
class NewConversation:
    """A conversation; `owner` and `external_id` are for service accounts.

    Attributes:
        kind (ConversationKind): * `direct` - Direct
            * `group` - Group
        participants (list[str]):
        title (str | Unset):
        receipt_policy (ReceiptPolicy | Unset): * `everyone` - Everyone
            * `admins` - Owner and admins
            * `off` - Nobody
        receipts_visible_to (ReceiptsVisibleTo | Unset): * `sender` - Its sender
            * `participants` - All participants
        thread_recipients (ThreadRecipients | Unset): * `participants` - All participants
            * `followers` - Who follows the thread
        external_id (None | str | Unset):
        owner (str | Unset):
    """

    kind: ConversationKind
    participants: list[str]
    title: str | Unset = UNSET
    receipt_policy: ReceiptPolicy | Unset = UNSET
    receipts_visible_to: ReceiptsVisibleTo | Unset = UNSET
    thread_recipients: ThreadRecipients | Unset = UNSET
    external_id: None | str | Unset = UNSET
    owner: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        participants = self.participants

        title = self.title

        receipt_policy: str | Unset = UNSET
        if not isinstance(self.receipt_policy, Unset):
            receipt_policy = self.receipt_policy.value

        receipts_visible_to: str | Unset = UNSET
        if not isinstance(self.receipts_visible_to, Unset):
            receipts_visible_to = self.receipts_visible_to.value

        thread_recipients: str | Unset = UNSET
        if not isinstance(self.thread_recipients, Unset):
            thread_recipients = self.thread_recipients.value

        external_id: None | str | Unset
        if isinstance(self.external_id, Unset):
            external_id = UNSET
        else:
            external_id = self.external_id

        owner = self.owner

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "participants": participants,
            }
        )
        if title is not UNSET:
            field_dict["title"] = title
        if receipt_policy is not UNSET:
            field_dict["receipt_policy"] = receipt_policy
        if receipts_visible_to is not UNSET:
            field_dict["receipts_visible_to"] = receipts_visible_to
        if thread_recipients is not UNSET:
            field_dict["thread_recipients"] = thread_recipients
        if external_id is not UNSET:
            field_dict["external_id"] = external_id
        if owner is not UNSET:
            field_dict["owner"] = owner

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = ConversationKind(d.pop("kind"))

        participants = cast(list[str], d.pop("participants"))

        title = d.pop("title", UNSET)

        _receipt_policy = d.pop("receipt_policy", UNSET)
        receipt_policy: ReceiptPolicy | Unset
        if isinstance(_receipt_policy, Unset):
            receipt_policy = UNSET
        else:
            receipt_policy = ReceiptPolicy(_receipt_policy)

        _receipts_visible_to = d.pop("receipts_visible_to", UNSET)
        receipts_visible_to: ReceiptsVisibleTo | Unset
        if isinstance(_receipts_visible_to, Unset):
            receipts_visible_to = UNSET
        else:
            receipts_visible_to = ReceiptsVisibleTo(_receipts_visible_to)

        _thread_recipients = d.pop("thread_recipients", UNSET)
        thread_recipients: ThreadRecipients | Unset
        if isinstance(_thread_recipients, Unset):
            thread_recipients = UNSET
        else:
            thread_recipients = ThreadRecipients(_thread_recipients)

        def _parse_external_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        external_id = _parse_external_id(d.pop("external_id", UNSET))

        owner = d.pop("owner", UNSET)

        new_conversation = cls(
            kind=kind,
            participants=participants,
            title=title,
            receipt_policy=receipt_policy,
            receipts_visible_to=receipts_visible_to,
            thread_recipients=thread_recipients,
            external_id=external_id,
            owner=owner,
        )

        return new_conversation
