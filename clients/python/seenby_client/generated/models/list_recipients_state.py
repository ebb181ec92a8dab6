from enum import StrEnum


class ListRecipientsState(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    PENDING = "pending"
    READ = "read"
    UNDELIVERED = "undelivered"
    UNREAD = "unread"
    WITHDRAWN = "withdrawn"

    def __str__(self) -> str:
        return str(self.value)
