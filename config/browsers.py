"""Middlewares for browsers. A call of the API with a token passes through without them.

It has no session, no cookie and no form: ``BearerAuthentication`` alone decides who calls, and
never falls back to a session.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.middleware import AuthenticationMiddleware as _Authentication
from django.contrib.messages.middleware import MessageMiddleware as _Message
from django.contrib.sessions.middleware import SessionMiddleware as _Session
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware as _Csrf

#: Only below here does ``BearerAuthentication`` come first.
API = "/api/"


def has_token(request: HttpRequest) -> bool:
    """Whether a request is a call of the API with a token or a key, valid or not."""
    given: str = request.META.get("HTTP_AUTHORIZATION", "")
    return given[:7].lower() == "bearer " and request.path_info.startswith(API)


class _ForBrowsers:
    """Before a middleware in the order of bases."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        browser: Any = super()
        answer = self.get_response if has_token(request) else browser.__call__  # type: ignore[attr-defined]
        return cast(HttpResponse, answer(request))


class SessionMiddleware(_ForBrowsers, _Session):
    """Sessions of the admin and the demo."""


class CsrfViewMiddleware(_ForBrowsers, _Csrf):
    """Forms. The views of the API are exempt; REST framework checks calls with a session itself."""


class AuthenticationMiddleware(_ForBrowsers, _Authentication):
    """The user of a session."""


class MessageMiddleware(_ForBrowsers, _Message):
    """What a page of the admin reports."""
