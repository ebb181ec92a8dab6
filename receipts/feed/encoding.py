"""Encodes events as server-sent events: a few lines each, and a blank one."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from receipts.feed.telling import Told

#: Milliseconds after which a client that lost its stream reconnects.
RETRY = b"retry: 2000\n\n"


def encode(told: Iterable[Told], cursor: str) -> bytes:
    """The events, the last one with the cursor as its id.

    Only the last: a client that loses its stream in between receives all of them again.
    """
    blocks = [
        b"event: %b\ndata: %b\n" % (each["kind"].encode(), orjson.dumps(each, option=_UTC))
        for each in told
    ]
    return b"\n".join([*blocks[:-1], (blocks or [b""])[-1] + _place(cursor)])


def heartbeat(cursor: str) -> bytes:
    """A comment and the current cursor, which advances even without events for the client."""
    return b": still here\n" + _place(cursor)


def _place(cursor: str) -> bytes:
    return b"id: %b\n\n" % cursor.encode()


_UTC = orjson.OPT_UTC_Z
