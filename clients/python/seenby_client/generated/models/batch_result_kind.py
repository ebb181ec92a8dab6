from enum import StrEnum


class BatchResultKind(StrEnum):
    APPLIED = "applied"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    NOT_RECIPIENT = "not_recipient"
    UNCHANGED = "unchanged"

    def __str__(self) -> str:
        return str(self.value)
