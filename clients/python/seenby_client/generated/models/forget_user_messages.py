from enum import StrEnum


class ForgetUserMessages(StrEnum):
    ERASE = "erase"

    def __str__(self) -> str:
        return str(self.value)
