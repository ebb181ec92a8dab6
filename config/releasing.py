"""Lets go of a request's body as soon as it is answered.

A request, its view and its response refer to each other, in Django and in REST framework, so they
live until the garbage collector comes, which goes by the number of objects and not by their size.
Without this, hundreds of bodies of a megabyte each may wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse


class ReleaseMiddleware:
    """Takes the body, raw and parsed, out of what is left of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        context = getattr(response, "renderer_context", None)
        if context:
            _forget(context.get("request"), "_data", "_full_data", "parser_context")
            rendered: Any = response
            rendered.renderer_context = {}
        request.META.pop("wsgi.input", None)
        _forget(request, "_stream", "_body")
        return response


def _forget(owner: Any, *names: str) -> None:
    for name in names:
        with suppress(AttributeError, KeyError):
            del owner.__dict__[name]
