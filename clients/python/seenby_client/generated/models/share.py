from enum import StrEnum


class Share(StrEnum):
    ALL = "all"
    NONE = "none"
    SOME = "some"

    def __str__(self) -> str:
        return str(self.value)
