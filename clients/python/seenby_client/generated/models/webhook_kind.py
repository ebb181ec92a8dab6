from enum import StrEnum


class WebhookKind(StrEnum):
    CONVERSATION_DELETED = "conversation.deleted"
    MESSAGE_CREATED = "message.created"
    MESSAGE_DELETED = "message.deleted"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_RESTORED = "message.restored"
    RECEIPT_UPDATED = "receipt.updated"

    def __str__(self) -> str:
        return str(self.value)
