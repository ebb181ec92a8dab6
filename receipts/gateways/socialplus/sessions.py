"""Login, which the SDK does first, and the one setting that it then requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import BearerAuthentication, issue_token, note_caller, token_holder
from chat.callers import Credential
from chat.errors import Refused
from chat.models import Scope, ServiceKey, User
from receipts import services
from receipts.api.bodies import NewUser
from receipts.api.fields import checked
from receipts.feed.devices import Device, begin_anew
from receipts.gateways.frame import as_service
from receipts.gateways.socialplus.base import GATEWAY, SocialPlusView, renewal_of
from receipts.gateways.socialplus.shapes import socialplus_user

API_KEY = "X-API-Key"


@dataclass(frozen=True)
class OwnToken(Credential):
    """The credential of a user who logs in with a token of their own."""

    token: str = ""
    expires_at: float = 0


class LoginAuthentication(BearerAuthentication):
    """An ``authToken`` in the body, which is a user's token; without it, a key in ``X-API-Key``.

    At social.plus the API key is public, and a client that has it can log in as any user. Here
    that would be a hole: an app on a user's device sends a token that its backend has issued, and
    anything as its API key; only a backend, which can keep secrets, sends a service key.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        body = request.data if isinstance(request.data, dict) else {}
        token = body.get("authToken")
        if token is None:
            return as_service(request, request.headers.get(API_KEY, ""))
        if not isinstance(token, str) or token.startswith(ServiceKey.PREFIX):
            raise AuthenticationFailed("The authToken is not a user's token.", code="token_invalid")
        user, expires_at = token_holder(token)
        note_caller(request, user.username)
        return user, OwnToken(username=user.username, token=token, expires_at=expires_at)


class SessionView(SocialPlusView):
    """A session is one of our tokens. A user's own token gives no later one than itself."""

    authentication_classes = [LoginAuthentication]
    scope = Scope.USERS
    # A session can read what its user can read, so requiring ``read`` would protect nothing.
    answers_reads = False
    told_without_read = frozenset({"accessToken", "issuedAt", "expiresAt", "users", "files"})

    def log_in(self, request: Request) -> Response:
        """A session for ``userId``; a backend's request creates a user who does not exist yet."""
        body = self.body
        profile = checked(NewUser, _profile(body))
        if isinstance(request.auth, OwnToken):
            user = self._own(profile["username"])
            token = request.auth.token
            expires_at = datetime.fromtimestamp(request.auth.expires_at, UTC)
        else:
            user = _user_for(profile)
            token, expires_at = issue_token(user)
        # A renewal comes with the token that it replaces. Otherwise the client loads its lists now.
        renews = bool(request.headers.get("Authorization"))
        begin_anew(Device.of(user, GATEWAY, renewal_of(token) if renews else token))
        return Response(
            {
                "accessToken": token,
                "issuedAt": timezone.now(),
                "expiresAt": expires_at,
                "users": [socialplus_user(user)],
                "files": [],
            }
        )

    def _own(self, username: str) -> User:
        if username != self.user.username:
            raise Refused("The authToken is another user's.")
        return self.user


def _profile(body: dict[str, Any]) -> dict[str, Any]:
    """A new user in our field names."""
    named = {"username": body.get("userId"), "display_name": body.get("displayName")}
    return {name: value for name, value in named.items() if value is not None}


def _user_for(fields: dict[str, Any]) -> User:
    """The user with this name, created if there is none; no service accounts or staff."""
    user, _ = services.ensure_user(**fields)
    if not user.is_active:
        raise ValidationError({"userId": ["Deactivated users get none."]})
    return user


class ChatSettingsView(SocialPlusView):
    """The settings of an app; they are the same for all callers."""

    def show(self, request: Request) -> Response:
        """Markers are kept. No previews of messages in lists of channels: there are none here."""
        settings = {"messagePreview": {"enabled": False}, "marker": {"enabled": True}}
        return Response({"enabled": True, **settings})
