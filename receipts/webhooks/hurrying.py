"""Connections that end after some time, however busily the other side goes on answering.

A timeout counts from one sign of life to the next: a server that sends a byte now and then, or one
"100 Continue" after another, would be waited for for ever.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer

from urllib3.connection import HTTPConnection, HTTPSConnection

#: Seconds from the connection to the end of the answer's head.
LONGEST = 15.0


class HurriedConnection(HTTPConnection):
    """Hangs up after ``LONGEST``."""

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
    """The same, its handshake included."""


class _End:
    """Ends a connection when its time is over."""

    def __init__(self, sock: socket.socket) -> None:
        # TLS takes the socket over, so the connection is ended by another handle on it.
        self.twin = sock.dup()
        self.alarm = Timer(LONGEST, self._hang_up)
        self.alarm.daemon = True
        self.alarm.start()

    def call_off(self) -> None:
        self.alarm.cancel()
        self.twin.close()

    def _hang_up(self) -> None:
        with suppress(OSError):  # it was over just now
            self.twin.shutdown(socket.SHUT_RDWR)
