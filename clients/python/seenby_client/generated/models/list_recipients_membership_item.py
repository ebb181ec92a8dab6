from enum import StrEnum


class ListRecipientsMembershipItem(StrEnum):
    ACTIVE = "active"
    BANNED = "banned"
    LEFT = "left"
    MUTED = "muted"

    def __str__(self) -> str:
        return str(self.value)
