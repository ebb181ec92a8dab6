"""Events as server-sent ones: a few lines each, and a blank one."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from receipts.feed.telling import Told

#: After so many milliseconds a client that lost its stream comes back.
RETRY = b"retry: 2000\n\n"


def encode(told: Iterable[Told], cursor: str) -> bytes:
    """The events and, with the last one, how far the client has been told.

    Only then: one that loses its stream in between is told all of them again.
    """
    blocks = [
        b"event: %b\ndata: %b\n" % (each["kind"].encode(), orjson.dumps(each, option=_UTC))
        for each in told
    ]
    return b"\n".join([*blocks[:-1], (blocks or [b""])[-1] + _place(cursor)])


def heartbeat(cursor: str) -> bytes:
    """A sign of life, and how far the client has been told although nothing was for them."""
    return b": still here\n" + _place(cursor)


def _place(cursor: str) -> bytes:
    return b"id: %b\n\n" % cursor.encode()


_UTC = orjson.OPT_UTC_Z
