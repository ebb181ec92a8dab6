"""MQTT 3.1.1's packets, as far as a client that only listens needs them (OASIS, 2014).

The chapters named here are that specification's. There is no kept library for them that is not a
whole client or broker.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """A packet's type (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class ConnectCode(IntEnum):
    """The return code of a CONNACK (3.2.2.3)."""

    ACCEPTED = 0
    WRONG_LEVEL = 1
    WRONG_CLIENT_ID = 2
    UNAVAILABLE = 3
    WRONG_CREDENTIALS = 4
    NOT_ALLOWED = 5


#: The protocol's name and level in a CONNECT (3.1.2.1, 3.1.2.2).
PROTOCOL, LEVEL = "MQTT", 4
#: The return code of a SUBACK for a topic that is refused (3.9.3).
REFUSED = 128


@dataclass(frozen=True)
class Connect:
    """A client introduces itself. Of another protocol's level only that is known."""

    level: int
    client_id: str = ""
    user_name: str = ""
    password: str = ""


@dataclass(frozen=True)
class Subscribe:
    """A client names topics; ``number`` is the packet's, for the acknowledgement."""

    number: int
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Unsubscribe:
    """A client names topics that it no longer wants."""

    number: int
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Ping:
    """A client says that it is still there."""


@dataclass(frozen=True)
class Disconnect:
    """A client leaves."""


Packet = Connect | Subscribe | Unsubscribe | Ping | Disconnect


def connack(answer: ConnectCode) -> bytes:
    """The answer to a CONNECT. No session is kept: topics decide nothing here."""
    return _written(Kind.CONNACK, bytes([0, answer]))


def suback(number: int, codes: Iterable[int]) -> bytes:
    """The answer to a SUBSCRIBE: 0 or ``REFUSED`` for each topic."""
    return _written(Kind.SUBACK, number.to_bytes(2, "big") + bytes(codes))


def unsuback(number: int) -> bytes:
    """The answer to an UNSUBSCRIBE."""
    return _written(Kind.UNSUBACK, number.to_bytes(2, "big"))


def pingresp() -> bytes:
    """The answer to a PINGREQ."""
    return _written(Kind.PINGRESP, b"")


def publish(topic: str, payload: bytes) -> bytes:
    """A message to the client, of quality 0: it acknowledges nothing."""
    name = topic.encode()
    return _written(Kind.PUBLISH, len(name).to_bytes(2, "big") + name + payload)


def _written(kind: Kind, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while not length or left:
        left, digit = divmod(left, 128)
        length.append(digit | (128 if left else 0))
    return bytes([kind << 4]) + length + body
