from enum import StrEnum


class UntrackedReason(StrEnum):
    NOT_REQUESTED = "not_requested"
    POLICY = "policy"
    SYSTEM = "system"
    TOO_MANY_RECIPIENTS = "too_many_recipients"

    def __str__(self) -> str:
        return str(self.value)
