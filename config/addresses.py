"""Gives views the names in their address with the slashes that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from chat.addresses import SLASH, with_slashes


class EncodedSlashMiddleware:
    """Turns an encoded slash, which ``config.environ`` kept apart, into a slash in the arguments.

    The path is matched by then, so it separates nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Called by Django before each view, whose arguments may be changed in place."""
        if SLASH in request.path:
            for name, value in kwargs.items():
                if isinstance(value, str):
                    kwargs[name] = with_slashes(value)
