"""The account of a token or a key, in one prepared statement: nearly every request needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import AuthenticationFailed

from chat.models import ServiceKey, User
from chat.sql.compiled import CompiledQuery, instance_of, stored_columns


@dataclass(frozen=True)
class Credential:
    """How a caller authenticated. ``scopes`` is None for a user, to whom scopes do not apply."""

    username: str
    scopes: frozenset[str] | None = None
    #: Of a ticket: when the token expires that it was issued for, in Unix seconds.
    ends_at: float | None = None


def _active(**which: Any) -> Any:
    users = User.objects.filter(is_active=True, is_service=False, **which)
    return users.values(*stored_columns(User))


#: A username belongs to one account, but perhaps to another one than a minute ago.
_NAMED = CompiledQuery(lambda username: _active(username=username), username=str)
_NAMED_AND_NUMBERED = CompiledQuery(
    lambda username, pk: _active(username=username, pk=pk), username=str, pk=int
)
_OF_KEY = CompiledQuery(
    lambda key_hash: ServiceKey.objects.filter(
        key_hash=key_hash, revoked_at=None, user__is_active=True, user__is_service=True
    ).values("scopes", *stored_columns(User, "user__")),
    key_hash=str,
)


def active_user(username: str, pk: int | None = None) -> User:
    """The active user; no service accounts, since a token would bypass the scopes of their keys."""
    query, which = (_NAMED, {}) if pk is None else (_NAMED_AND_NUMBERED, {"pk": pk})
    row = query.first(username=username, **which)
    if row is None:
        raise AuthenticationFailed("The token's user is unknown or deactivated.")
    return instance_of(User, row)


def service_account(key: str) -> tuple[User, Credential]:
    """The service account of a key, and its scopes; raises ``AuthenticationFailed``."""
    row = _OF_KEY.first(key_hash=ServiceKey.hash(key))
    if row is None:
        raise AuthenticationFailed("The service key is unknown or revoked.", code="key_invalid")
    user = instance_of(User, row, "user__")
    return user, Credential(username=user.username, scopes=frozenset(row["scopes"]))
