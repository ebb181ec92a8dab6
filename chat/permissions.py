"""Who may call at all, and what a service key is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from chat.authentication import Credential
from chat.models import Scope, User

if TYPE_CHECKING:
    # REST framework loads this file while it loads its own views.
    from rest_framework.views import APIView


class IsKnown(BasePermission):
    """A caller with a valid token, key or session; a key needs the scope of what it calls."""

    message = "This service key does not have the scope for this."
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        credential: Credential | None = request.auth  # type: ignore[assignment]
        if credential is None:
            return bool(request.user and request.user.is_authenticated)
        if credential.scopes is None:
            return True
        needed = Scope.READ if request.method in SAFE_METHODS else view.scope  # type: ignore[attr-defined]
        return needed in credential.scopes


class IsService(BasePermission):
    """Service accounts only; moderators may look."""

    message = "Only a service account may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = cast(User, request.user)
        return user.is_service or (user.is_staff and request.method in SAFE_METHODS)


class IsServiceAccount(BasePermission):
    """Service accounts only; it is no business of moderators."""

    message = "Only a service account may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return cast(User, request.user).is_service
