from enum import StrEnum


class OverallStatus(StrEnum):
    DELIVERED = "delivered"
    PARTIAL = "partial"
    READ = "read"
    SENT = "sent"

    def __str__(self) -> str:
        return str(self.value)
