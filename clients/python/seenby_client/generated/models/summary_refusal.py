from enum import StrEnum


class SummaryRefusal(StrEnum):
    NOT_FOUND = "not_found"
    PERMISSION_DENIED = "permission_denied"

    def __str__(self) -> str:
        return str(self.value)
