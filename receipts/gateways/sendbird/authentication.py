"""``Api-Token``: a service key, which acts for any user; a person's token is none."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from chat.authentication import Credential, service_account
from chat.models import ServiceKey


class ApiTokenAuthentication(BaseAuthentication):
    """Refuses what has no key at all: one of the SDKs lets calls without a token go out."""

    def authenticate(self, request: Request) -> tuple[Any, Credential]:
        key = request.headers.get("Api-Token", "")
        if not key.startswith(ServiceKey.PREFIX):
            raise AuthenticationFailed("The Api-Token header holds no service key.")
        user, credential = service_account(key)
        request._request.caller_name = credential.username  # type: ignore[attr-defined]
        return user, credential
