"""A client of MQTT 3.1.1 over a WebSocket, packet by packet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from chat.authentication import issue_token
from chat.models import User
from tests.support.websocket import Dial, WebSocket

CONNACK, PUBLISH, SUBACK, UNSUBACK, PINGRESP = 2, 3, 9, 11, 13
PINGREQ, DISCONNECT = b"\xc0\x00", b"\xe0\x00"


def packet(first: int, body: bytes) -> bytes:
    """A packet of this first byte."""
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (128 if left else 0))
        if not left:
            return bytes([first]) + length + body


def text(value: str) -> bytes:
    data = value.encode(errors="surrogatepass")
    return len(data).to_bytes(2, "big") + data


def connect(
    user_name: str, password: str, client_id: str = "mqttjs_phone_1_0", *,
    level: int = 4, flags: int = 0b11000100, protocol: str = "MQTT",
) -> bytes:  # fmt: skip
    """A CONNECT as the SDK's, with its will."""
    body = text(protocol) + bytes([level, flags]) + (60).to_bytes(2, "big") + text(client_id)
    if flags & 4:
        body += text("WillMsg") + text("Closed")
    return packet(0x10, body + text(user_name) + text(password))


def subscribe(*topics: str, number: int = 1, first: int = 0x82) -> bytes:
    body = number.to_bytes(2, "big") + b"".join(text(topic) + b"\x00" for topic in topics)
    return packet(first, body)


class Mqtt:
    """A connection; ``take`` gives its packets one by one, however they were sent."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.waiting: list[tuple[int, bytes]] = []

    def take(self) -> tuple[int, bytes]:
        """The kind and the body of the next packet."""
        while not self.waiting:
            self.waiting += packets_of(self.socket.receive())
        return self.waiting.pop(0)

    def answer(self, kind: int) -> bytes:
        """The body of the next packet, which is of this kind; events before it are skipped."""
        while (found := self.take())[0] == PUBLISH != kind:
            pass
        assert found[0] == kind, found
        return found[1]

    def subscribes(self, *topics: str) -> list[int]:
        """The codes with which the topics are granted or refused."""
        self.socket.send(subscribe(*topics, number=7))
        body = self.answer(SUBACK)
        assert body[:2] == b"\x00\x07"
        return list(body[2:])

    def event(self) -> tuple[str, Any]:
        """The next event and its data."""
        _, event, data = self.published()
        return event, data

    def published(self) -> tuple[str, str, Any]:
        """The next event, its topic before it."""
        kind, body = self.take()
        assert kind == PUBLISH, (kind, body)
        end = 2 + int.from_bytes(body[:2], "big")
        told = orjson.loads(body[end:])
        return body[2:end].decode(), told["eventType"], told["data"]

    def hears(self) -> str:
        """The text of the next message that is told as new."""
        while (event := self.event())[0] != "message.created":
            pass
        text: str = event[1]["messages"][0]["data"]["text"]
        return text

    def hears_of(self, text: str) -> list[str]:
        """The texts of new messages before this one. Some may come again after a reconnect."""
        before = list[str]()
        while (heard := self.hears()) != text:
            before.append(heard)
        return before

    def counts(self) -> list[tuple[int, int, int]]:
        """Message, reads and deliveries of the next markers; what is about messages is skipped."""
        while (event := self.event())[0] != "marker.marked-message":
            pass
        return [
            (int(each["contentId"]), each["readCount"], each["deliveredCount"])
            for each in event[1]["contentMarkers"]
        ]


def packets_of(data: bytes) -> list[tuple[int, bytes]]:
    """The kinds and bodies of the packets in one message, all of them whole."""
    found = []
    while data:
        length, at = 0, 1
        while True:
            length |= (data[at] & 127) << 7 * (at - 1)
            at += 1
            if not data[at - 1] & 128:
                break
        found.append((data[0] >> 4, data[at : at + length]))
        assert len(found[-1][1]) == length
        data = data[at + length :]
    return found


Join = Callable[..., Mqtt]


@pytest.fixture
def opened(dial: Dial) -> Callable[[], Mqtt]:
    """A connection that has not introduced itself."""
    return lambda: Mqtt(dial("/mqtt", subprotocols=("mqtt",)))


@pytest.fixture
def join(opened: Callable[[], Mqtt]) -> Join:
    """``join(alice)`` connects and subscribes as a client that has just started.

    With ``again`` as one that reconnects, which subscribes to nothing.
    """

    def join(who: User, device: str = "phone", *, token: str = "", again: bool = False) -> Mqtt:
        client = opened()
        name = f"mqttjs_{device}_{who.pk}_0"
        client.socket.send(connect(str(who.pk), token or issue_token(who)[0], name))
        assert client.answer(CONNACK) == b"\x00\x00"
        if not again:
            assert client.subscribes(f"net-1/smartfeed/{who.pk}/messages") == [0]
        return client

    return join
