"""Accepts the WebSockets of vendors' clients, and reads them frame by frame."""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from importlib import import_module
from typing import Any

import orjson
from django.conf import settings

from chat.addresses import path_of
from chat.origins import is_allowed_origin
from receipts.feed.asgi import AsgiMessage, AsgiReceive, AsgiSend
from receipts.gateways.sockets.calls import Threads
from receipts.gateways.sockets.closing import FAILED, GARBLED, TOO_BIG
from receipts.gateways.sockets.places import Places
from receipts.gateways.sockets.socket import Socket
from receipts.gateways.sockets.vendor import Garbled, Vendor

logger = logging.getLogger("seenby.socket")

#: The gateways by the addresses that their clients connect to.
ADDRESSES = {"/mqtt": "socialplus", "/ws": "agora", "/binfo": "tencent", "/info": "tencent"}
#: Seconds in which a client has to log in.
LOGIN_SECONDS = 10.0
#: Clients of one process that have not logged in yet.
MOST_STRANGERS = 256
#: Bytes of one message before and after the login: a text of the greatest length in JSON.
MOST_OF_A_STRANGER, MOST_RECEIVED = 16 * 1024, 256 * 1024


class Door:
    """The sockets of one process."""

    def __init__(self, threads: Threads) -> None:
        self.threads, self.places = threads, Places(threads)
        self.strangers = 0

    async def serve(self, scope: AsgiMessage, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one connection to its end."""
        await receive()  # websocket.connect
        vendor = vendor_at(path_of(scope))
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if vendor is None:
            await _refuse(send, 404, "not_found", "There is no WebSocket at this address.")
        elif not is_allowed_origin(headers.get(b"origin"), headers.get(b"host")):
            await _refuse(send, 403, "origin_not_allowed", "Add it to CORS_ALLOWED_ORIGINS.")
        elif self.strangers >= MOST_STRANGERS:
            await _refuse(send, 503, "overloaded", "Too many clients are logging in.")
        else:
            offered = scope.get("subprotocols") or ()
            chosen = next((name for name in vendor.subprotocols if name in offered), None)
            await send({"type": "websocket.accept", "subprotocol": chosen})
            await self._stay(Socket(vendor, send, self.threads, self.places), receive)

    async def _stay(self, socket: Socket, receive: AsgiReceive) -> None:
        cleanly = False
        try:
            cleanly = await self._welcome(socket, receive) and await _read(socket, receive)
        except Garbled as error:
            logger.info("A client sent garbage: %s", error)
            socket.close(GARBLED)
        except Exception:
            logger.exception("A vendor's socket failed.")
            socket.close(FAILED)
        finally:
            writer = socket.writer
            if writer is not None:  # a last frame, and the reason
                await asyncio.wait([writer], timeout=1)
            socket.gone(cleanly=cleanly)

    async def _welcome(self, socket: Socket, receive: AsgiReceive) -> bool:
        """Read until the client has logged in; whether it has."""
        self.strangers += 1
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                while not socket.started:
                    if not await _next(socket, receive, MOST_OF_A_STRANGER):
                        return False
            return True
        except TimeoutError:
            socket.close()
            return False
        finally:
            self.strangers -= 1


async def _read(socket: Socket, receive: AsgiReceive) -> bool:
    """Read until the connection is closed; whether the client closed it."""
    while await _next(socket, receive, MOST_RECEIVED):
        pass
    return not socket.over


async def _next(socket: Socket, receive: AsgiReceive, most: int) -> bool:
    """Read one message; False at the end."""
    message: Any = await receive()
    if message["type"] == "websocket.disconnect" or socket.over:
        # 1005 and 1006: the connection was lost.
        socket.over = socket.over or message.get("code") in (1005, 1006)
        return False
    data = message.get("bytes")
    socket.speaks_text = data is None
    if data is None:
        data = message["text"].encode()
    if len(data) > most:
        socket.close(TOO_BIG)
        return False
    await socket.received(data)
    return not socket.over


def vendor_at(path: str) -> Vendor | None:
    """The vendor whose clients connect to this path, if its gateway is enabled."""
    name = ADDRESSES.get("/" + path.rpartition("/")[2])
    return _vendor(name) if name in settings.GATEWAYS else None


@cache
def _vendor(name: str) -> Vendor:
    vendor: Vendor = import_module(f"receipts.gateways.{name}.live").VENDOR
    return vendor


async def _refuse(send: AsgiSend, status: int, code: str, detail: str) -> None:
    body = orjson.dumps({"detail": detail, "code": code})
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
