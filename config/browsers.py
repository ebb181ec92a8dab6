"""Handlers without browsers' middlewares, for calls of the API with a token.

Such a call has no session, no cookie and no form, and is no file: ``BearerAuthentication`` alone
decides who calls, and never falls back to a session. Middlewares that only add the same headers to
every response are asked for these once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, get_resolver
from django.utils.module_loading import import_string

from config.environ import Environ

Handler = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Header = tuple[str, str]
#: Headers by their names in lower case.
Named = dict[str, Header]

#: Only below here does ``BearerAuthentication`` come first.
API = "/api/"
#: What serves files, sessions, logins and forms.
FOR_BROWSERS = frozenset(
    {
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        # Names the length of a response, which is done here, and sends to other addresses.
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "axes.middleware.AxesMiddleware",
    }
)
#: What does nothing for a call without an ``Origin`` but add a header to the response.
FOR_PAGES = "corsheaders.middleware.CorsMiddleware"
#: What does nothing for a call with a token but add headers to the response.
FOR_HEADERS = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
#: Addresses whose views a process remembers, and the longest of them: a name may be long.
_ADDRESSES, _LONGEST_ADDRESS = 5_000, 100
#: A request with more bytes than this is not short: to parse them takes time.
_LARGEST_BODY = 65_536


def with_handler_of_tokens(browsers: Handler) -> Handler:
    """An application that serves calls with a token by handlers of their own, others as before."""
    left_out = FOR_BROWSERS.union(FOR_HEADERS)
    middlewares = [name for name in settings.MIDDLEWARE if name not in left_out]
    # What SecurityMiddleware sends to HTTPS is left to it.
    schemes = ["https"] if settings.SECURE_SSL_REDIRECT else ["http", "https"]

    def without(*names: str) -> tuple[Handler, dict[str, Named]]:
        handler = _handler([name for name in middlewares if name not in names])
        return handler, {scheme: _headers_of((*names, *FOR_HEADERS), scheme) for scheme in schemes}

    from_pages, others = without(), without(FOR_PAGES)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        scheme = environ["wsgi.url_scheme"]
        if scheme not in schemes or not _has_token(environ):
            return browsers(environ, start_response)
        handler, same = from_pages if "HTTP_ORIGIN" in environ else others
        started: list[Any] = []
        response = handler(environ, lambda *start: started.extend(start))
        status, headers = started
        _complete(headers, same[scheme], response)
        start_response(status, headers)
        return response

    return application


class _Handler(WSGIHandler):
    """Django's handler; it remembers the views of addresses, which takes long to find."""

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        path = request.path_info
        if len(path) > _LONGEST_ADDRESS:
            return super().resolve_request(request)
        request.resolver_match = _view_at(path)
        return request.resolver_match


@lru_cache(maxsize=_ADDRESSES)
def _view_at(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)


def is_short(environ: Environ) -> bool:
    """Whether a call with a token is short and waits for PostgreSQL alone, as its view says."""
    path = environ["PATH_INFO"]
    if not _has_token(environ) or len(path) > _LONGEST_ADDRESS or not path.isascii():
        return False
    if int(environ.get("CONTENT_LENGTH", 0)) > _LARGEST_BODY:
        return False
    try:
        view: Any = _view_at(path).func
    except Resolver404:
        return False
    action = getattr(view, "actions", {}).get(environ["REQUEST_METHOD"].lower())
    return action in getattr(view.cls, "short_actions", ())


def _handler(middlewares: list[str]) -> Handler:
    """A handler with these middlewares, which it reads from the settings once."""
    all_of_them, settings.MIDDLEWARE = settings.MIDDLEWARE, middlewares
    try:
        return _Handler()
    finally:
        settings.MIDDLEWARE = all_of_them


def _headers_of(middlewares: Iterable[str], scheme: str) -> Named:
    """The headers that these middlewares add to any response, whatever was asked."""
    add: Any = lambda request: HttpResponse()  # noqa: E731
    for name in middlewares:
        add = import_string(name)(add)
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": API, "wsgi.url_scheme": scheme}
    response = add(WSGIRequest({**asked, "wsgi.input": BytesIO()}))
    own = HttpResponse().headers
    return {pair[0].lower(): pair for pair in response.items() if pair[0] not in own}


def _complete(headers: list[Header], same: Named, response: Any) -> None:
    """Add the headers that every response has, and its length."""
    given = {name.lower() for name, _ in headers}
    if "content-length" not in given and not getattr(response, "streaming", True):
        headers.append(("Content-Length", str(len(response.content))))
    if "vary" in given and "vary" in same:
        _, added = same["vary"]
        headers[:] = [
            (name, f"{value}, {added}" if name.lower() == "vary" else value)
            for name, value in headers
        ]
    headers += [pair for name, pair in same.items() if name not in given]


def _has_token(environ: Environ) -> bool:
    """Whether a request is a call of the API with a token or a key, valid or not."""
    given: str = environ.get("HTTP_AUTHORIZATION", "")
    path: str = environ["PATH_INFO"]
    return given[:7].lower() == "bearer " and path.startswith(API)
