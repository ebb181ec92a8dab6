"""How events are written for a connection: as server-sent events, or in a vendor's frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import orjson

from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.telling import Told

#: Milliseconds after which a client that lost its stream reconnects.
RETRY = b"retry: 2000\n\n"


class Encoding(Protocol):
    """Writes what is published to some listeners, all at once."""

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, Any]:
        """What each listener's connections are given, by user id.

        Runs on a thread and may query the database, in a number of statements that depends on
        neither the number of events nor of listeners. ``position`` is the one after these events.
        """


class ServerSentEvents:
    """A few lines for each event, and a blank one."""

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, bytes]:
        return {
            pk: encode(each, position.cursor(listeners[pk].username)) for pk, each in told.items()
        }


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
#: The one that all streams share.
SERVER_SENT_EVENTS = ServerSentEvents()
