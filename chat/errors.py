"""Refusals of the domain, told apart from what went wrong. The API makes answers of them."""

from __future__ import annotations


class Refused(Exception):
    """The request is understood and may not be done."""

    code = "permission_denied"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.__doc__)


class NotRecipient(Refused):
    """You are not a recipient of this message."""

    code = "not_recipient"


class NotParticipant(Refused):
    """You take no part in this conversation."""

    code = "not_participant"


class Muted(Refused):
    """You are muted in this conversation."""

    code = "muted"


class Conflict(Exception):
    """What the request names is there already, and is something else."""

    code = "conflict"


class AccountProtected(Refused):
    """Staff, superusers and service accounts cannot be changed or get tokens with a service key."""

    code = "account_protected"


class Invalid(Exception):
    """A value that cannot be used, and the field it came in."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
