"""TEMPORARY until main has it: the notation of names."""

from __future__ import annotations

PREFIX = "ext:"


def named_in(text: str) -> str | None:
    """The name in ``ext:…``."""
    return text.removeprefix(PREFIX) if text.startswith(PREFIX) else None
