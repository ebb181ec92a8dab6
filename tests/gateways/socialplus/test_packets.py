"""MQTT's packets over the wire: whole, in parts, several at once, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.authentication import issue_token
from chat.models import Conversation, User
from tests.support.cast import say
from tests.support.mqtt import (
    CONNACK,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    SUBACK,
    UNSUBACK,
    Join,
    Mqtt,
    connect,
    packet,
    subscribe,
    text,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]
Open = Callable[[], Mqtt]


def test_pings_and_farewells_are_answered(join: Join, alice: User) -> None:
    client = join(alice)
    client.socket.send(PINGREQ, packet(0xA2, b"\x00\x09" + text("net-1")))
    assert client.answer(PINGRESP) == b""
    assert client.answer(UNSUBACK) == b"\x00\x09"
    client.socket.send(DISCONNECT)
    assert client.socket.closed() == 1000


def test_a_message_may_hold_several_packets(opened: Open, alice: User) -> None:
    client = opened()
    first = connect(str(alice.pk), issue_token(alice)[0])
    client.socket.send(first + subscribe("net-1", number=3) + PINGREQ)
    assert client.answer(CONNACK) == b"\x00\x00"
    assert client.answer(SUBACK) == b"\x00\x03\x00"
    client.answer(PINGRESP)


def test_a_packet_may_come_byte_by_byte(opened: Open, alice: User) -> None:
    client = opened()
    said = connect(str(alice.pk), issue_token(alice)[0]) + PINGREQ
    client.socket.send(*(said[at : at + 1] for at in range(len(said))))
    assert client.answer(CONNACK) == b"\x00\x00"
    client.answer(PINGRESP)


def test_half_a_packet_changes_nothing(
    join: Join, group: Conversation, alice: User, bob: User
) -> None:
    """Events go on; the rest may come later."""
    client, topics = join(bob), subscribe("net-1", number=5)
    client.socket.send(topics[:9])
    message = say(alice, group)
    assert client.event()[1]["messages"][0]["messageId"] == str(message.pk)
    client.socket.send(topics[9:])
    assert client.answer(SUBACK) == b"\x00\x05\x00"


@pytest.mark.parametrize(
    "garbage",
    {
        "no packet": b"\x00\x00",
        "text": b"GET / HTTP/1.1\r\n\r\n",
        "a length of five bytes": b"\xc0\xff\xff\xff\xff\x01",
        "a packet of a megabyte": b"\x82\x80\x80\x40",
        "a packet for clients": packet(0x20, b"\x00\x00"),
        "a message to others": packet(0x30, text("net-1") + b"hello"),
        "flags that are not its own": subscribe("net-1", first=0x80),
        "no number": subscribe("net-1", number=0),
        "no topic": packet(0x82, b"\x00\x01"),
        "a text beyond the end": packet(0x82, b"\x00\x01\xff\xffnet-1\x00"),
        "no quality": packet(0x82, b"\x00\x01" + text("net-1")),
        "a quality that there is not": packet(0x82, b"\x00\x01" + text("net-1") + b"\x03"),
        "more than there should be": packet(0xC0, b"x"),
        "NUL": subscribe("net-1\x00"),
        "a lone surrogate": subscribe("net-1/\ud800"),
        "too many topics": subscribe(*["net-1"] * 17),
        "too many packets": PINGREQ * 65,
        "a second login": connect("1", "x"),
    }.items(),
    ids=lambda each: each[0],
)  # fmt: skip
def test_what_is_no_packet_ends_the_connection(
    join: Join, alice: User, garbage: tuple[str, bytes], caplog: Any
) -> None:
    client = join(alice)
    client.socket.send(garbage[1])
    assert client.socket.closed() == 1007
    assert not [each for each in caplog.records if each.exc_info]


@pytest.mark.parametrize(
    "garbage",
    [
        subscribe("net-1"),
        PINGREQ,
        packet(0x10, b""),
        packet(0x10, text("MQTT") + b"\x04"),
        connect("1", "x", flags=0b11000001),
        connect("1", "x", flags=0b01000000),
        connect("1", "x", flags=0b11001000),
        connect("1", "x")[:-1] + b"",
        connect("\ud800", "x"),
        b"\x10\xff\xff\x7f",
    ],
)
def test_a_stranger_who_says_no_login_is_disconnected(
    opened: Open, garbage: bytes, alice: User
) -> None:
    client = opened()
    client.socket.send(garbage, PINGREQ)
    assert client.socket.closed() == 1007


def mutated() -> st.SearchStrategy[list[bytes]]:
    """Packets of a client, some of them changed: cut, repeated, with other bytes in them."""
    names = st.one_of(
        st.sampled_from(["net-1", "net-1/user/1", "net-1/marker/channel/1/message/1", "#", "\x00"]),
        st.text(max_size=30),
    )
    packets = st.one_of(
        st.sampled_from([PINGREQ, DISCONNECT]),
        st.builds(subscribe, names, number=st.integers(0, 65_535)),
        st.builds(connect, names, names, names, flags=st.integers(0, 255)),
        st.builds(packet, st.integers(0, 255), st.binary(max_size=60)),
        st.binary(max_size=60),
    )

    def change(said: bytes, at: int, other: bytes, keep: int) -> bytes:
        at %= len(said) + 1
        return said[:at] + other + said[at + keep :]

    changed = st.builds(
        change, packets, st.integers(0, 200), st.binary(max_size=3), st.integers(0, 3)
    )
    return st.lists(st.one_of(packets, changed), max_size=6)


def test_no_garbage_makes_the_service_fail(
    opened: Open, join: Join, group: Conversation, alice: User, caplog: Any
) -> None:
    """Some hundred clients, logged in or not, that send mutated packets: each is just closed."""

    @settings(
        max_examples=300, deadline=None, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(mutated(), st.booleans())
    def send(packets: list[bytes], knows: bool) -> None:
        client = join(alice, "fuzzer", again=True) if knows else opened()
        client.socket.send(*packets)
        with suppress(OSError):
            client.socket.close()

    send()
    assert not [each for each in caplog.records if each.exc_info]
    client = join(alice)
    message = say(alice, group)
    assert client.event()[1]["messages"][0]["messageId"] == str(message.pk)
