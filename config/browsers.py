"""A handler without browsers' middlewares, for calls of the API with a token.

Such a call has no session, no cookie and no form, and is no file: ``BearerAuthentication`` alone
decides who calls, and never falls back to a session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from config.environ import Environ

Handler = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

#: Only below here does ``BearerAuthentication`` come first.
API = "/api/"
#: What serves files, sessions, logins and forms.
FOR_BROWSERS = frozenset(
    {
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "axes.middleware.AxesMiddleware",
    }
)


def with_handler_of_tokens(browsers: Handler) -> Handler:
    """An application that serves calls with a token by a handler of their own, others as before."""
    tokens = _handler([name for name in settings.MIDDLEWARE if name not in FOR_BROWSERS])

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        handler = tokens if _has_token(environ) else browsers
        return handler(environ, start_response)

    return application


def _handler(middlewares: list[str]) -> Handler:
    """Django's handler with these middlewares, which it reads from the settings once."""
    all_of_them, settings.MIDDLEWARE = settings.MIDDLEWARE, middlewares
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = all_of_them


def _has_token(environ: Environ) -> bool:
    """Whether a request is a call of the API with a token or a key, valid or not."""
    given: str = environ.get("HTTP_AUTHORIZATION", "")
    path: str = environ["PATH_INFO"]
    return given[:7].lower() == "bearer " and path.startswith(API)
