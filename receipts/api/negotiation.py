"""Chooses the format of a response: for most callers nothing has to be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request


class Negotiation(DefaultContentNegotiation):
    """A view with one format answers in it to a client that accepts anything, or just that."""

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        [first, *others] = renderers
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if not others and format_suffix is None and accepted in ("*/*", first.media_type):
            return first, first.media_type
        chosen: tuple[Any, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen
