from enum import StrEnum


class ReceiptsBy(StrEnum):
    POSITION = "position"
    ROWS = "rows"

    def __str__(self) -> str:
        return str(self.value)
