"""Middlewares for browsers, and a handler without them for calls of the API with a token.

Such a call has no session, no cookie and no form, and is no file: ``BearerAuthentication`` alone
decides who calls, and never falls back to a session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware as _Authentication
from django.contrib.messages.middleware import MessageMiddleware as _Message
from django.contrib.sessions.middleware import SessionMiddleware as _Session
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware as _WhiteNoise  # type: ignore[import-untyped]

from config.environ import Environ

Handler = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

#: Only below here does ``BearerAuthentication`` come first.
API = "/api/"
_is_for_tokens = False


class _ForBrowsers:
    """Before a middleware in the order of bases: leaves it out of the handler of tokens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if _is_for_tokens:
            raise MiddlewareNotUsed
        super().__init__(get_response)  # type: ignore[call-arg]


class WhiteNoiseMiddleware(_ForBrowsers, _WhiteNoise):  # type: ignore[misc]
    """Static files."""


class SessionMiddleware(_ForBrowsers, _Session):
    """Sessions of the admin and the demo."""


class AuthenticationMiddleware(_ForBrowsers, _Authentication):
    """The user of a session."""


class MessageMiddleware(_ForBrowsers, _Message):
    """What a page of the admin reports."""


def with_handler_of_tokens(browsers: Handler) -> Handler:
    """An application that serves calls with a token by a handler of their own, others as before."""
    global _is_for_tokens
    _is_for_tokens = True
    try:
        tokens = WSGIHandler()
    finally:
        _is_for_tokens = False

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        handler = tokens if _has_token(environ) else browsers
        return handler(environ, start_response)

    return application


def _has_token(environ: Environ) -> bool:
    """Whether a request is a call of the API with a token or a key, valid or not."""
    given: str = environ.get("HTTP_AUTHORIZATION", "")
    path: str = environ["PATH_INFO"]
    return given[:7].lower() == "bearer " and path.startswith(API)
