"""A login by name and password, where the password is the user's token."""

from __future__ import annotations

import time
from typing import Any

from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import token_holder
from chat.models import ServiceKey
from receipts.gateways.agora.base import AgoraView

#: What the SDKs tell their app of a wrong password.
_WRONG = "invalid username or password"


class TokenView(AgoraView):
    """The first call of a client that logs in by password. There are no passwords here.

    So the password is a token that the user's backend has requested, and what is answered is that
    token: whoever has it is logged in already.
    """

    authentication_classes: Any = []
    permission_classes: Any = []
    answers_reads = False
    told_without_read = None
    query_parameters = frozenset({"_v"})

    def log_in(self, request: Request, org: str, app: str) -> Response:
        """The token and its remaining seconds."""
        body = self.body
        if body.get("grant_type") != "password":
            raise ValidationError({"grant_type": ["Must be password."]})
        username, token = body.get("username"), body.get("password")
        if not (isinstance(username, str) and isinstance(token, str)):
            raise ValidationError({"password": ["A username and a password are required."]})
        if token.startswith(ServiceKey.PREFIX):
            raise AuthenticationFailed(_WRONG)
        user, expires_at = token_holder(token)
        if username.lower() != user.username.lower():
            raise AuthenticationFailed(_WRONG)
        return Response(
            {
                "access_token": token,
                "expires_in": max(int(expires_at - time.time()), 0),
                "user": {"username": user.username},
            }
        )
