"""Connections that stay open between deliveries: a TLS handshake costs more than a delivery.

A connection goes to one IP address, which was checked (``addresses``). It is used again only if the
host's name stands for that IP address still, and if no IP address of the name is private.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from chat.hurrying import HurriedConnection
from receipts.webhooks.addresses import Address

#: Seconds for which a connection without deliveries stays open, and for which any does.
IDLE_SECONDS, LONGEST_LIFE = 30.0, 300.0
#: At most this many unused connections are open; above that the one unused for longest is closed.
MOST_IDLE = 100


@dataclass
class Line:
    """A connection to one IP address; used by one thread at a time."""

    address: Address
    connection: HurriedConnection
    opened_at: float = field(default_factory=time.monotonic)
    used_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is connected, and the other side has not hung up."""
        return self.connection.is_connected

    def leads_to(self, address: Address) -> bool:
        """Whether it is a connection to this host, at an IP address that may be called."""
        own = self.address
        same = (own.scheme, own.host, own.port) == (address.scheme, address.host, address.port)
        return same and own.number in address.numbers

    def is_over(self, now: float) -> bool:
        """Whether it has been unused or open for too long."""
        return now - self.used_at > IDLE_SECONDS or now - self.opened_at > LONGEST_LIFE

    def close(self) -> None:
        """Disconnect."""
        self.connection.close()


class Lines:
    """The connections that no thread is using."""

    def __init__(self, connect: Callable[[Address], HurriedConnection]) -> None:
        self._connect = connect
        self._idle: list[Line] = []  # the one that was used last is the last
        self._lock = Lock()

    def take(self, address: Address, *, is_new: bool = False) -> Line:
        """A connection to the address, for this thread alone: one that is open, or a new one."""
        self.close_old()
        while not is_new and (line := self._taken(address)):
            if line.is_open:
                return line
            line.close()
        return Line(address, self._connect(address))

    def _taken(self, address: Address) -> Line | None:
        with self._lock:
            for line in reversed(self._idle):
                if line.leads_to(address):
                    self._idle.remove(line)
                    return line
        return None

    def give_back(self, line: Line) -> None:
        """Keep a connection open for the next delivery."""
        line.used_at = time.monotonic()
        with self._lock:
            self._idle.append(line)
        self.close_old()

    def close_old(self) -> None:
        """Close what has been open or unused for too long."""
        now = time.monotonic()
        with self._lock:
            over = [each for each in self._idle if each.is_over(now)]
            kept = [each for each in self._idle if not each.is_over(now)]
            first = max(0, len(kept) - MOST_IDLE)
            over, self._idle = over + kept[:first], kept[first:]
        for line in over:
            line.close()

    def close(self) -> None:
        """Close all that no thread is using."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()
