"""Refusals of the domain, as opposed to failures. The API turns them into responses."""

from __future__ import annotations


class Refused(Exception):
    """You may not do this."""

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
    """The name in the request already exists and belongs to a different object."""

    code = "conflict"


class AccountProtected(Refused):
    """Staff, superusers and service accounts cannot be changed or get tokens with a service key."""

    code = "account_protected"


class Invalid(Exception):
    """An invalid value, and the name of its field."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
