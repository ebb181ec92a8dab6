"""Connections with a deadline for each request, however often the other side sends something.

A socket timeout starts again with each byte received: a server that sends a byte now and then, or
one "100 Continue" after another, would never time out.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer
from typing import Any

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection


class HurriedConnection(HTTPConnection):
    """Disconnects ``longest`` seconds after a request began, with connecting if it has to.

    ``finish_request`` ends the request; without it the connection ends at its deadline.
    """

    def __init__(self, *args: Any, longest: float = 0, **options: Any) -> None:
        super().__init__(*args, **options)
        self.longest = longest
        #: Whether a request was answered on the present connection before.
        self.is_reused = False
        self._alarm: _Alarm | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self.is_reused = False
        self._alarm = _Alarm(sock)
        self._alarm.set(self.longest)
        return sock

    def request(self, *args: Any, **options: Any) -> None:
        if self.is_reused and self._alarm:
            self._alarm.set(self.longest)
        super().request(*args, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        # It closes the connection if the response says so, and then the body is still to come.
        alarm, self._alarm = self._alarm, None
        try:
            return super().getresponse()
        finally:
            self._alarm = alarm

    def hurry(self, seconds: float) -> None:
        """Set another deadline for what is left of the request."""
        if self._alarm:
            self._alarm.set(seconds)

    def finish_request(self) -> None:
        """The request is over, and the connection can be used for another one."""
        self.is_reused = True
        if self._alarm:
            self._alarm.cancel()

    def close(self) -> None:
        super().close()
        if self._alarm:
            self._alarm.close()
            self._alarm = None


class HurriedTLSConnection(HTTPSConnection, HurriedConnection):
    """The same over TLS, including the handshake."""

    def __init__(self, *args: Any, longest: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.longest = longest


class _Alarm:
    """Shuts a connection down at a deadline."""

    def __init__(self, sock: socket.socket) -> None:
        # TLS detaches the socket, so the connection is shut down by a duplicate of it.
        self.twin = sock.dup()
        self.timer: Timer | None = None

    def set(self, seconds: float) -> None:
        self.cancel()
        self.timer = Timer(seconds, self._hang_up)
        self.timer.daemon = True
        self.timer.start()

    def cancel(self) -> None:
        if self.timer:
            self.timer.cancel()

    def close(self) -> None:
        self.cancel()
        self.twin.close()

    def _hang_up(self) -> None:
        with suppress(OSError):  # already disconnected
            self.twin.shutdown(socket.SHUT_RDWR)
