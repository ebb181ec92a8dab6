from enum import StrEnum


class State(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    PENDING = "pending"
    READ = "read"
    WITHDRAWN = "withdrawn"

    def __str__(self) -> str:
        return str(self.value)
