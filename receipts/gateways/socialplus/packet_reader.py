"""Reads MQTT's packets from what a client sends, and nothing beyond them."""

from __future__ import annotations

from collections.abc import Callable

from receipts.gateways.socialplus.packets import (
    LEVEL,
    PROTOCOL,
    Connect,
    Disconnect,
    Kind,
    Packet,
    Ping,
    Subscribe,
    Unsubscribe,
)
from receipts.gateways.sockets.vendor import Garbled

#: Bytes of the largest packet that is read: a CONNECT with a token and a will, in all its length.
LARGEST_PACKET = 16 * 1024
#: Packets in one WebSocket message, and topics in one packet.
MOST_PACKETS, MOST_TOPICS = 64, 16
#: The flags that a packet must have (2.2.2); other packets are not for servers, or not used here.
_FLAGS = {
    Kind.CONNECT: 0, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2, Kind.PINGREQ: 0, Kind.DISCONNECT: 0,
}  # fmt: skip


class PacketReader:
    """Finds packets in what arrives: one may span messages, and a message may hold several."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        #: The beginning of a packet, which is never longer than that packet may be.
        self.waiting = b""

    def packets(self, data: bytes) -> list[Packet]:
        """The packets that are complete now. Raises ``Garbled``, also if only one of them is so."""
        data, self.waiting = self.waiting + data, b""
        found, at = list[Packet](), 0
        while (parts := _first(data, at)) is not None:
            kind, body, at = parts
            found.append(_packet(kind, _Body(body)))
            if len(found) > MOST_PACKETS:
                raise Garbled("There are too many packets in one message.")
        self.waiting = data[at:]
        return found


def _first(data: bytes, at: int) -> tuple[Kind, bytes, int] | None:
    """The kind, the body and the end of the packet that begins here, if it is complete."""
    if at == len(data):
        return None
    kind, length, digits = _kind(data[at]), 0, data[at + 1 : at + 5]
    for number, digit in enumerate(digits):
        length |= (digit & 127) << 7 * number
        if not digit & 128:
            begin = at + 2 + number
            if length > LARGEST_PACKET:
                raise Garbled("The packet is too large.")
            body = data[begin : begin + length]
            return (kind, body, begin + length) if len(body) == length else None
    if len(digits) == 4:
        raise Garbled("A length has at most four bytes.")
    return None


def _kind(first: int) -> Kind:
    kind, flags = first >> 4, first & 15
    if kind not in _FLAGS or flags != _FLAGS[Kind(kind)]:
        raise Garbled("There is no such packet for a server.")
    return Kind(kind)


def _packet(kind: Kind, body: _Body) -> Packet:
    found = _READ[kind](body)
    body.end()
    return found


class _Body:
    """What follows a packet's head. Nothing is read beyond its end."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        if len(found) < size:
            raise Garbled("A packet ends too early.")
        self.at += size
        return found

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        """Text in UTF-8, without NUL and surrogates (1.5.3)."""
        try:
            found = self.binary().decode()
        except UnicodeDecodeError as error:
            raise Garbled("A text is not UTF-8.") from error
        if "\x00" in found:
            raise Garbled("A text has a NUL.")
        return found

    def numbered(self) -> int:
        """A packet's number, which is not 0 (2.3.1)."""
        if not (found := self.number()):
            raise Garbled("A packet has no number.")
        return found

    def more(self) -> bool:
        return self.at < len(self.data)

    def end(self) -> None:
        if self.more():
            raise Garbled("A packet has more than it should.")


def _connect(body: _Body) -> Connect:
    name, level = body.text(), body.byte()
    if (name, level) != (PROTOCOL, LEVEL):
        body.take(len(body.data) - body.at)
        return Connect(level=0)
    flags = body.byte()
    has_name, has_password, wills = flags & 128, flags & 64, flags & 0b111100
    if flags & 1 or (has_password and not has_name) or (wills and not flags & 4):
        raise Garbled("A CONNECT's flags contradict each other.")
    body.number()  # the keep-alive: all clients of this vendor have the same
    client_id = body.text()
    if flags & 4:  # a will, which nobody would hear
        body.text()
        body.binary()
    user_name = body.text() if has_name else ""
    password = body.text() if has_password else ""
    return Connect(level, client_id, user_name, password)


def _subscribe(body: _Body) -> Subscribe:
    number, topics = body.numbered(), list[str]()
    while body.more():
        topics.append(body.text())
        if body.byte() > 2:
            raise Garbled("There is no such quality of service.")
    return Subscribe(number, _few(topics))


def _unsubscribe(body: _Body) -> Unsubscribe:
    number, topics = body.numbered(), list[str]()
    while body.more():
        topics.append(body.text())
    return Unsubscribe(number, _few(topics))


def _few(topics: list[str]) -> tuple[str, ...]:
    if not 0 < len(topics) <= MOST_TOPICS:
        raise Garbled("A packet names no topic, or too many.")
    return tuple(topics)


_READ: dict[Kind, Callable[[_Body], Packet]] = {
    Kind.CONNECT: _connect,
    Kind.SUBSCRIBE: _subscribe,
    Kind.UNSUBSCRIBE: _unsubscribe,
    Kind.PINGREQ: lambda _: Ping(),
    Kind.DISCONNECT: lambda _: Disconnect(),
}
