"""Whatever Agora's clients could send: an answer, or the end, and nothing in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wsproto.utilities import LocalProtocolError

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from receipts.gateways.agora.frames import GROUP_DOMAIN, PERSON_DOMAIN, FrameType
from receipts.gateways.agora.live import AgoraSession
from receipts.gateways.agora.wire.msync_pb2 import (
    Address,
    Body,
    Config,
    Content,
    Envelope,
    Meta,
    Pair,
    Provision,
    SyncUp,
)
from tests.support.cast import say
from tests.support.msync import LogIn, Msync, envelope, meta, provision, text_body
from tests.support.websocket import Closed, Dial

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]

FEW = settings(
    max_examples=300, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

numbers = st.one_of(st.integers(0, 20), st.sampled_from([2**31, 2**63 - 1, 2**63, 2**64 - 1]))
small = st.one_of(st.integers(0, 20), st.just(2**32 - 1))
words = st.one_of(
    st.sampled_from(["alice", "bob", "carol", "dave", "1", "2", "", "a\x00b", "\U0001f600"]),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
)
domains = st.sampled_from([PERSON_DOMAIN, GROUP_DOMAIN, "", "x"])
addresses = st.builds(Address, app_key=words, name=words, domain=domains, resource=words)
bodies = st.builds(
    Body,
    type=small,
    sender=addresses,
    to=addresses,
    contents=st.lists(st.builds(Content, type=small, text=words), max_size=3),
    ext=st.lists(st.builds(Pair, key=words, type=small, text=words), max_size=2),
    message_id=numbers,
    config=st.builds(Config, allow_group_ack=st.booleans()),
    ack_content=words,
)
payloads = st.one_of(
    bodies.map(lambda body: body.SerializeToString()), st.binary(max_size=40), st.just(b"")
)
metas = st.builds(
    Meta, id=numbers, to=addresses, namespace=small, payload=payloads,
    directed=st.lists(words, max_size=2),
)  # fmt: skip
syncs = st.one_of(
    st.builds(SyncUp, meta=metas),
    st.builds(SyncUp, key=numbers, queue=addresses),
    st.just(SyncUp()),
)


def framed(command: int, payload: bytes) -> bytes:
    return Envelope(command=command, payload=payload).SerializeToString()


@st.composite
def mutated(draw: Any, frames: Any) -> bytes:
    """A frame with some bytes replaced, left out or added."""
    data = bytearray(draw(frames))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(len(data), 1)))
        data[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


frames = st.one_of(
    syncs.map(lambda sync: framed(FrameType.SYNC, sync.SerializeToString())),
    st.builds(framed, st.integers(0, 9), st.binary(max_size=60)),
    st.binary(max_size=60),
)


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged as a fault."""
    caplog.set_level(logging.WARNING)
    return lambda: [
        record.getMessage()
        for record in caplog.records
        if record.exc_info or record.levelno >= logging.WARNING
    ]


def test_whatever_is_sent_ends_in_an_answer_or_a_close(
    msync: LogIn, group: Any, direct: Any, alice: User, bob: User, dave: User, heard: Any
) -> None:
    """Mutated frames of every kind; afterwards everything else works."""
    say(alice, group)
    say(bob, direct)
    clients: list[Msync] = []
    codes = set[int | None]()

    @FEW
    @given(mutated(frames))
    def send(data: bytes) -> None:
        client = clients.pop() if clients else msync(alice)
        try:
            client.socket.send(data)
            client.beat()
        except (Closed, LocalProtocolError):
            codes.add(client.socket.closed())
        else:
            clients.append(client)

    send()
    assert codes <= {1000, 1007}
    assert heard() == []
    assert Conversation.objects.filter(kind="direct").count() <= 4
    client = msync(bob, "another")
    msync(alice).text("bob", "still here")
    while client.pushed() != [("text", "alice", "still here")]:
        pass


def test_whatever_logs_in_is_refused_or_closed(dial: Dial, alice: User, heard: Any) -> None:
    token, codes = issue_token(alice)[0], set[int | None]()
    asked = st.one_of(
        st.just(provision("alice", token)),
        st.builds(provision, words, words, words),
        st.builds(
            lambda who, auth, inner: envelope(
                FrameType.PROVISION, Provision(auth_token=inner, resource=auth), who=who, auth=auth
            ),
            addresses, words, st.sampled_from(["{}", "[", "7", '{"token": 7}', "\x00", "[" * 5000]),
        ),
    )  # fmt: skip

    @settings(FEW, max_examples=150)
    @given(mutated(asked))
    def log_in(data: bytes) -> None:
        client = Msync(dial("/ws"), alice)
        client.socket.send(data)
        client.socket.send(envelope(FrameType.UNREAD))
        try:
            client.next()
        except Closed as closed:
            codes.add(closed.code)
        client.socket.abort()

    log_in()
    assert codes <= {1000, 1007}
    assert heard() == []


def test_nothing_half_done_and_nothing_kept(msync: LogIn, alice: User, bob: User) -> None:
    """A body that cannot be read closes the connection before anything is written."""
    client = msync(alice)
    broken = meta("bob", text_body("hello"))
    broken.payload += b"\xff"
    client.socket.send(envelope(FrameType.SYNC, SyncUp(meta=broken)))
    assert client.socket.closed() == 1007
    assert not Message.objects.exists()
    assert AgoraSession.__slots__ == ("outstanding",)
