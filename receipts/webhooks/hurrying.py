"""Connections with a deadline, however often the other side sends something.

A socket timeout starts again with each byte received: a server that sends a byte now and then, or
one "100 Continue" after another, would never time out.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer

from urllib3.connection import HTTPConnection, HTTPSConnection

#: Seconds from connecting to the end of the response headers.
LONGEST_REQUEST = 15.0


class HurriedConnection(HTTPConnection):
    """Disconnects after ``LONGEST_REQUEST``."""

    _end: _End | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self._end = _End(sock)
        return sock

    def close(self) -> None:
        super().close()
        if self._end:
            self._end.call_off()


class HurriedTLSConnection(HTTPSConnection, HurriedConnection):
    """The same over TLS, including the handshake."""


class _End:
    """Shuts a connection down at its deadline."""

    def __init__(self, sock: socket.socket) -> None:
        # TLS detaches the socket, so the connection is shut down by a duplicate of it.
        self.twin = sock.dup()
        self.alarm = Timer(LONGEST_REQUEST, self._hang_up)
        self.alarm.daemon = True
        self.alarm.start()

    def call_off(self) -> None:
        self.alarm.cancel()
        self.twin.close()

    def _hang_up(self) -> None:
        with suppress(OSError):  # already disconnected
            self.twin.shutdown(socket.SHUT_RDWR)
