"""``Api-Token``: a service key, which acts for any user; a person's token is none."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from chat.authentication import Credential
from receipts.gateways.translating import as_service


class ApiTokenAuthentication(BaseAuthentication):
    """Refuses what has no key at all: one of the SDKs lets calls without a token go out."""

    def authenticate(self, request: Request) -> tuple[Any, Credential]:
        key = request.headers.get("Api-Token", "")
        return as_service(request, key, "The Api-Token header holds no service key.")
