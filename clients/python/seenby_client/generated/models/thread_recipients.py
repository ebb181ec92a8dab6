from enum import StrEnum


class ThreadRecipients(StrEnum):
    FOLLOWERS = "followers"
    PARTICIPANTS = "participants"

    def __str__(self) -> str:
        return str(self.value)
