"""The connection behind an ASGI ``send``, where uvicorn is the server."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Any

#: Closing discards what is not sent yet, in the kernel too.
_DISCARD = struct.pack("ii", 1, 0)


def abort(send: Any) -> None:
    """Close the connection of a request at once."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        abort_transport(transport)


def abort_transport(transport: Any) -> None:
    """Close a connection at once: a polite close would wait for the client to read.

    And reset it: otherwise the kernel would keep megabytes for a client that never takes them.
    """
    with suppress(AttributeError, OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
    transport.abort()
