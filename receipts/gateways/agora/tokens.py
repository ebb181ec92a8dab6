"""A login by name and password, where the password is the user's token."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, cast

from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import BearerAuthentication, note_caller, token_holder
from chat.callers import Credential
from receipts.gateways.agora.base import AgoraView


@dataclass(frozen=True)
class Password(Credential):
    """A token that came as a password; ``expires_at`` in Unix seconds."""

    token: str = ""
    expires_at: float = 0


class PasswordAuthentication(BearerAuthentication):
    """By the body's ``username`` and ``password``. There are no passwords here.

    So it is a token that the user's backend has requested.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        body = request.data if isinstance(request.data, dict) else {}
        name, token = body.get("username"), body.get("password")
        if not (isinstance(name, str) and isinstance(token, str)):
            return None
        user, expires_at = token_holder(token)
        if name.lower() != user.username.lower():  # clients may write it in small letters
            raise AuthenticationFailed("The token is another user's.", code="token_invalid")
        note_caller(request, user.username)
        return user, Password(username=user.username, token=token, expires_at=expires_at)


class TokenView(AgoraView):
    """The first call of a client that logs in by password; its answer is that same token."""

    authentication_classes = [PasswordAuthentication]
    # Whoever has the token can read what its user can read.
    answers_reads = False
    told_without_read = None
    query_parameters = frozenset({"_v"})

    def log_in(self, request: Request, org: str, app: str) -> Response:
        """The token and its remaining seconds."""
        if self.body.get("grant_type") != "password":
            raise ValidationError({"grant_type": ["Must be password."]})
        given = cast(Password, request.auth)
        return Response(
            {
                "access_token": given.token,
                "expires_in": max(int(given.expires_at - time.time()), 0),
                "user": {"username": given.username},
            }
        )
