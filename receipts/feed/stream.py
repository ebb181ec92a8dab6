"""The live stream, ``GET /api/v1/events/`` as server-sent events: native ASGI, no thread each.

Django decides who may listen and from which position, as for any other request; its response
carries a grant in a header, which is removed here and turned into a stream.
"""

from __future__ import annotations

from functools import partial
from random import uniform

import orjson
from django.conf import settings

from chat.addresses import path_of
from receipts.feed.asgi import AsgiMessage, AsgiReceive, AsgiSend
from receipts.feed.connection import Connection
from receipts.feed.encoding import RETRY, encode
from receipts.feed.hub import Arrival, TooManyStreams, hub
from receipts.feed.looking import Listener
from receipts.feed.positions import Position, position_of

PATH = "/api/v1/events/"
#: The header in which Django's response grants a stream; it never leaves this process.
GRANT = "x-seenby-stream"
#: Set in the WSGI environ if the server handles grants.
GRANTABLE = "seenby.stream"


def asks_for_stream(scope: AsgiMessage) -> bool:
    """Whether a request is for the stream rather than for a page."""
    if scope["method"] != "GET" or not path_of(scope).endswith(PATH):
        return False
    return any(
        name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"]
    )


def grant(listener: Listener, position: Position, lasts: float) -> str:
    """The value of the header ``GRANT``; ``lasts`` are seconds from now."""
    return orjson.dumps(
        [listener.pk, listener.username, listener.is_service,
         position.cursor(listener.username), lasts]
    ).decode()  # fmt: skip


async def begin(
    granted: bytes, head: list[tuple[bytes, bytes]], send: AsgiSend
) -> Connection | None:
    """Start a stream to one listener; refuse it and return None if there are too many already."""
    pk, username, is_service, cursor, lasts = orjson.loads(granted)
    # Spread over time, so that clients do not all reconnect at once.
    lasts = min(lasts, settings.EVENTS_STREAM_SECONDS * uniform(0.8, 1))  # noqa: S311
    connection = Connection(Listener(pk, username, is_service), send, lasts=lasts)
    try:
        arrival = hub().join(connection)
    except TooManyStreams:
        await _refuse(head, send)
        return None
    try:
        await send({"type": "http.response.start", "status": 200, "headers": head + _HEADERS})
        await connection.write(RETRY + encode([], cursor))
    except BaseException:
        hub().leave(connection)
        raise
    connection.begin(partial(_catch_up, connection, position_of(cursor, username), arrival))
    return connection


async def stay(connection: Connection, receive: AsgiReceive) -> None:
    """Run until the client hangs up or the stream ends; the request itself is already released."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        hub().leave(connection)
        connection.gone()


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until it has some kilobytes
]


async def _catch_up(connection: Connection, position: Position, arrival: Arrival) -> None:
    """Send the events that the listener missed, up to where the hub starts publishing."""
    async for page in hub().missed(connection, position, arrival):
        # The cursor advances even where nothing is for this listener.
        cursor = page.position.cursor(connection.listener.username)
        await connection.write(page.written or encode([], cursor))


async def _refuse(head: list[tuple[bytes, bytes]], send: AsgiSend) -> None:
    body = b'{"detail":"There are too many streams open.","code":"too_many_streams"}'
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": 503, "headers": head + headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
