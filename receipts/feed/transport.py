"""The connection behind an ASGI ``send``, where uvicorn is the server."""

from __future__ import annotations

from typing import Any


def abort(send: Any) -> None:
    """Close a connection at once: a polite close would wait for the client to read."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
