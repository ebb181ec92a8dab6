"""Errors of the domain, which the API turns into 4xx responses."""

from __future__ import annotations


class Refused(Exception):
    """This is not permitted."""

    code = "permission_denied"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.__doc__)


class NotRecipient(Refused):
    """You are not a recipient of this message."""

    code = "not_recipient"


class NotParticipant(Refused):
    """You are not a participant of this conversation."""

    code = "not_participant"


class Muted(Refused):
    """You are muted in this conversation."""

    code = "muted"


class Conflict(Exception):
    """What the request would create already exists, and is different."""

    code = "conflict"


class AccountProtected(Refused):
    """Staff, superusers and service accounts cannot be changed or get tokens with a service key."""

    code = "account_protected"


class Invalid(Exception):
    """A value that cannot be used, and the field that contained it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
