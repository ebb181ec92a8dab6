from enum import StrEnum


class ReceiptsVisibleTo(StrEnum):
    PARTICIPANTS = "participants"
    SENDER = "sender"

    def __str__(self) -> str:
        return str(self.value)
