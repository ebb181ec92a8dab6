from enum import StrEnum


class MessageKind(StrEnum):
    MESSAGE = "message"
    SYSTEM = "system"

    def __str__(self) -> str:
        return str(self.value)
