"""The addresses of a list of URL patterns, also where lists are nested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern


def addresses_in(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address as it is written, and its pattern."""
    for each in patterns:
        address = f"{prefix}{each.pattern}"
        if isinstance(each, URLPattern):
            yield address, each
        else:
            yield from addresses_in(each.url_patterns, address)
