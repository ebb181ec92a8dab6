"""Who may call the API, the scopes of service keys, and the accounts that no key may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from chat.callers import Credential
from chat.errors import AccountProtected
from chat.models import Scope, User

if TYPE_CHECKING:
    # REST framework loads this file while it loads its own views.
    from rest_framework.views import APIView


class IsKnown(BasePermission):
    """A caller with a valid token, key or session; a key needs the scopes of the operation."""

    message = "This service key lacks the required scope."
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        credential: Credential | None = request.auth  # type: ignore[assignment]
        if credential is None:
            return bool(request.user and request.user.is_authenticated)
        if credential.scopes is None:
            return True
        return scopes_needed(str(request.method), view) <= credential.scopes


def scopes_needed(method: str, view: APIView) -> frozenset[str]:
    """The scopes that a key needs for one method of a view.

    A write whose response discloses what others wrote needs ``read`` as well.
    """
    if method in SAFE_METHODS:
        return frozenset({Scope.READ})
    needed = {view.scope}  # type: ignore[attr-defined]
    if view.answers_reads:  # type: ignore[attr-defined]
        needed.add(Scope.READ)
    return frozenset(needed)


def may_read(request: Request) -> bool:
    """Whether responses may include data; not for a key without ``read``."""
    credential: Credential | None = request.auth  # type: ignore[assignment]
    scopes = None if credential is None else credential.scopes
    return scopes is None or Scope.READ in scopes


def refuse_protected(user: User) -> User:
    """Return the user; raise ``AccountProtected`` if only superusers may manage the account."""
    if user.is_protected:
        raise AccountProtected
    return user


class HasToken(BasePermission):
    """Users with a token; neither service keys nor sessions."""

    message = "Only a user's token may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        credential: Credential | None = request.auth  # type: ignore[assignment]
        return credential is not None and credential.scopes is None


class IsService(BasePermission):
    """Service accounts; moderators may read."""

    message = "Only a service account may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = cast(User, request.user)
        return user.is_service or (request.method in SAFE_METHODS and user.is_moderator)


class IsServiceAccount(BasePermission):
    """Service accounts only, not moderators."""

    message = "Only a service account may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return cast(User, request.user).is_service
