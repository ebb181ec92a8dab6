"""Releases a request's body as soon as the request is answered.

A request, its view and its response form a reference cycle, in Django and in REST framework, so
they live until a garbage collection, which is triggered by the number of objects, not their size.
Without this, hundreds of bodies of a megabyte each may stay in memory until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse


class ReleaseMiddleware:
    """Removes the body, raw and parsed, from a request that has been answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        context = getattr(response, "renderer_context", None)
        if context:
            _forget(context.get("request"), "_data", "_full_data", "parser_context")
            view = context.get("view")
            # Its own methods, bound to itself: of an API call the only cycle that is left.
            _forget(view, *(getattr(view, "action_map", None) or ()))
            rendered: Any = response
            rendered.renderer_context = {}
        request.META.pop("wsgi.input", None)
        _forget(request, "_stream", "_body")
        return response


def _forget(owner: Any, *names: str) -> None:
    kept = getattr(owner, "__dict__", {})
    for name in names:
        kept.pop(name, None)
