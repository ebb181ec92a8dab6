"""Logging in, which its SDK does first, and the one setting that it then asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import BearerAuthentication, Credential, issue_token, token_holder
from chat.errors import Refused
from chat.models import Scope, ServiceKey, User
from chat.permissions import refuse_protected
from receipts.api.bodies import NewUser
from receipts.api.fields import checked
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.shapes import person_of
from receipts.gateways.translating import as_service

API_KEY = "X-API-Key"


@dataclass(frozen=True)
class OwnToken(Credential):
    """How a user was recognised who logs in by a token."""

    token: str = ""
    expires_at: float = 0


class LoginAuthentication(BearerAuthentication):
    """An ``authToken`` in the body, which is a user's token; without one, a key in ``X-API-Key``.

    There the API key is public, and whoever knows it may be anybody. Here it would be a hole: an
    app in people's hands passes a token that its backend had issued, and whatever it likes as its
    API key; only a backend, which keeps secrets, passes a service key.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        body = request.data if isinstance(request.data, dict) else {}
        token = body.get("authToken")
        if token is None:
            return as_service(request, request.headers.get(API_KEY, ""))
        if not isinstance(token, str) or token.startswith(ServiceKey.PREFIX):
            raise AuthenticationFailed("The authToken is not a user's token.", code="token_invalid")
        user, expires_at = token_holder(token)
        request._request.caller_name = user.username  # type: ignore[attr-defined]
        return user, OwnToken(username=user.username, token=token, expires_at=expires_at)


class SessionView(SocialPlusView):
    """A session is a token of ours. A user's own token gives no later one than itself."""

    authentication_classes = [LoginAuthentication]
    scope = Scope.USERS
    # The session reads whatever the user may read, so asking for ``read`` would protect nothing.
    answers_reads = False
    told_without_read = frozenset({"accessToken", "issuedAt", "expiresAt", "users", "files"})

    def log_in(self, request: Request) -> Response:
        """A session for ``userId``; a backend's request makes users who are not there yet."""
        body = self.body()
        profile = checked(NewUser, _profile(body))
        if isinstance(request.auth, OwnToken):
            user = self._own(profile["username"])
            token = request.auth.token
            expires_at = datetime.fromtimestamp(request.auth.expires_at, UTC)
        else:
            user = _made(profile)
            token, expires_at = issue_token(user)
        return Response(
            {
                "accessToken": token,
                "issuedAt": timezone.now(),
                "expiresAt": expires_at,
                "users": [person_of(user)],
                "files": [],
            }
        )

    def _own(self, username: str) -> User:
        if username != self.user.username:
            raise Refused("The authToken is another user's.")
        return self.user


def _profile(body: dict[str, Any]) -> dict[str, Any]:
    """Its names of what a new user has."""
    named = {"username": body.get("userId"), "display_name": body.get("displayName")}
    return {name: value for name, value in named.items() if value is not None}


def _made(fields: dict[str, Any]) -> User:
    """The user of this name, who is made where there is none; people only."""
    username = fields.pop("username")
    user, _ = User.objects.get_or_create(username=username, defaults={**fields, "password": "!"})
    refuse_protected(user)
    if not user.is_active:
        raise ValidationError({"userId": ["Deactivated users get none."]})
    return user


class ChatSettingsView(SocialPlusView):
    """What an app may do: nothing here depends on the caller."""

    def show(self, request: Request) -> Response:
        """There are no previews of messages in lists of channels, which are not there either."""
        return Response({"enabled": True, "messagePreview": {"enabled": False}})
