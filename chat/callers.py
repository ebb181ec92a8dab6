"""The accounts of callers, and of whom they name: nearly every request looks one up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import AuthenticationFailed

from chat.models import ServiceKey, User
from chat.sql.compiled import CompiledQuery, CompiledVariants, instance_of, stored_columns


@dataclass(frozen=True)
class Credential:
    """How a caller authenticated. ``scopes`` is None for a user, to whom scopes do not apply."""

    username: str
    scopes: frozenset[str] | None = None
    #: Of a ticket: when the token expires that it was issued for, in Unix seconds.
    ends_at: float | None = None


def _users(**which: Any) -> Any:
    return User.objects.filter(**which).values(*stored_columns(User))


_ANY = CompiledQuery(lambda username: _users(username=username), username=str)
_ACTIVE = CompiledVariants(
    lambda **which: _users(is_active=True, is_service=False, **which), username=str, pk=int
)
_OF_KEY = CompiledQuery(
    lambda key_hash: ServiceKey.objects.filter(
        key_hash=key_hash, revoked_at=None, user__is_active=True, user__is_service=True
    ).values("scopes", *stored_columns(User, "user__")),
    key_hash=str,
)


def active_user(username: str, pk: int | None = None) -> User:
    """The active user; no service accounts, since a token would bypass the scopes of their keys."""
    row = _ACTIVE.first(username=username, pk=pk)
    if row is None:
        raise AuthenticationFailed("The token's user is unknown or deactivated.")
    return instance_of(User, row)


def users_by_name(usernames: Collection[str]) -> dict[str, User]:
    """Those of these users that exist, active or not."""
    names = set(usernames)
    if len(names) > 1:
        return {user.username: user for user in User.objects.filter(username__in=names)}
    rows = (_ANY.first(username=name) for name in names)
    return {row["username"]: instance_of(User, row) for row in rows if row is not None}


def service_account(key: str) -> tuple[User, Credential]:
    """The service account of a key, and its scopes; raises ``AuthenticationFailed``."""
    row = _OF_KEY.first(key_hash=ServiceKey.hash(key))
    if row is None:
        raise AuthenticationFailed("The service key is unknown or revoked.", code="key_invalid")
    user = instance_of(User, row, "user__")
    return user, Credential(username=user.username, scopes=frozenset(row["scopes"]))
