"""Connections that stay open between deliveries: nothing is lost, repeated, or sent elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts.webhooks import connections, posting
from receipts.webhooks.addresses import Address, AddressRefused
from receipts.webhooks.posting import Failed, lines, post
from tests.support.authority import Authority
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.dialling import NAME, ON_LOOPBACK, called_instead
from tests.support.receiver import Answer, Receiver
from tests.support.webhooks import turn

with_database = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def backend(authority: Authority, settings: Any) -> Iterator[Receiver]:
    """A backend that speaks TLS."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with Receiver(authority.server(ON_LOOPBACK)) as receiver:
        yield receiver


@pytest.fixture
def stands_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The IP addresses that every name stands for now."""
    numbers = ["93.184.216.34"]

    def look_up(host: str, port: int, *_: object, **__: object) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return numbers


@pytest.fixture
def unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was closed looks open, as it does until that is known."""
    monkeypatch.setattr(connections.Line, "is_open", True)


def send(url: str, delivery: str = "d-1", **how: Any) -> None:
    post(url, ["whsec_test"], delivery, b'{"events": []}', **how)


def deliveries(backend: Receiver) -> list[str]:
    return [each.headers["webhook-id"] for each in backend.got]


def says(body: bytes, **headers: str) -> Answer:
    """Accept a delivery with this body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = False
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


# --- One connection -----------------------------------------------------------------------------


@with_database
def test_deliveries_to_a_webhook_use_one_connection(
    backend: Receiver, service_key: str, group: Conversation, alice: User
) -> None:
    """Over several polls, through the real path."""
    hook("backend", backend.url)
    for text in ("one", "two", "three"):
        say(alice, group, text)
        assert turn() == 1
    assert backend.texts == ["one", "two", "three"]
    assert backend.connections == 1


@pytest.mark.parametrize(
    ("answer", "connections_made"),
    [
        pytest.param(204, 1, id="no body"),
        pytest.param(says(b"accepted", Content_Length="8"), 1, id="a short body"),
        pytest.param(says(b"2\r\nok\r\n0\r\n\r\n", Transfer_Encoding="chunked"), 1, id="in chunks"),
        pytest.param(says(b"x" * 20_000, Content_Length="20000"), 2, id="a long body"),
        pytest.param(says(b"ok", Content_Length="1000"), 2, id="half a body"),
        pytest.param(says(b"", Content_Length="0", Connection="close"), 2, id="close"),
    ],
)
def test_a_connection_is_used_again_if_the_body_is_short(
    backend: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Answer, connections_made: int
) -> None:
    """Whatever the body is, the delivery was accepted."""
    monkeypatch.setattr(posting, "LONGEST_BODY", 0.2)
    backend.answers.append(answer)
    send(backend.url, "d-1")
    send(backend.url, "d-2")
    assert deliveries(backend) == ["d-1", "d-2"]
    assert backend.connections == connections_made


def test_a_delivery_that_is_refused_ends_its_connection(backend: Receiver) -> None:
    """The next attempt begins anew, perhaps at another address of the name."""
    backend.answers.append(500)
    with pytest.raises(Failed):
        send(backend.url)
    send(backend.url)
    assert backend.connections == 2


@pytest.mark.parametrize("name", ["IDLE_SECONDS", "LONGEST_LIFE", "MOST_IDLE"])
def test_a_connection_is_open_for_a_limited_time(
    backend: Receiver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Unused, or in all; and a limited number of them."""
    monkeypatch.setattr(connections, name, 0)
    send(backend.url)
    send(backend.url)
    assert (backend.connections, len(backend.got)) == (2, 2)


def test_of_many_connections_the_one_unused_for_longest_is_closed(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    monkeypatch.setattr(connections, "MOST_IDLE", 2)
    with Receiver() as one, Receiver() as two, Receiver() as three:
        for each in (one, two, one, three, one, two):
            send(each.url)
        assert [each.connections for each in (one, two, three)] == [1, 2, 1]


def test_a_connection_is_one_threads_alone(backend: Receiver) -> None:
    send(backend.url)
    address = Address("https", ON_LOOPBACK, backend.port, ON_LOOPBACK, "/", {ON_LOOPBACK})
    first, second = lines.take(address), lines.take(address)
    assert first.connection is not second.connection
    assert (first.is_open, second.is_open) == (True, False)
    first.close()


def test_connections_leave_nothing_behind(backend: Receiver) -> None:
    """Neither running timers nor duplicates of their sockets."""
    send(backend.url)
    lines.close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        send(backend.url)
        lines.close()
    # The receiver may still be closing one or two on its side.
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 10
    alarms = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    for alarm in alarms:
        alarm.join(5)
        assert not alarm.is_alive()


# --- Closed by the other side -------------------------------------------------------------------


def test_a_connection_that_was_closed_is_replaced(backend: Receiver) -> None:
    """Servers close idle connections: nothing is lost, and nothing comes twice."""
    for number in range(3):
        send(backend.url, f"d-{number}")
        backend.hang_up()
    assert deliveries(backend) == ["d-0", "d-1", "d-2"]
    assert backend.connections == 3


@pytest.mark.parametrize("secure", [True, False])
def test_a_connection_that_is_closed_at_this_moment_loses_nothing(
    backend: Receiver, receiver: Receiver, unnoticed: None, secure: bool
) -> None:
    """The delivery is sent again at once, which is no failure of the backend's."""
    called = backend if secure else receiver
    for number in range(3):
        send(called.url, f"d-{number}")
        called.hang_up()
    assert deliveries(called) == ["d-0", "d-1", "d-2"]


def test_a_backend_that_hangs_up_on_a_delivery_gets_it_twice_at_most(backend: Receiver) -> None:
    """It may have read it or not. On the new connection it is a failure, as always."""
    send(backend.url, "d-1")
    backend.answers.extend([backend.reset] * 5)
    with pytest.raises(Failed, match="closed the connection"):
        send(backend.url, "d-2")
    assert deliveries(backend) == ["d-1", "d-2", "d-2"]


def test_a_new_connection_that_is_closed_is_a_failure_at_once(backend: Receiver) -> None:
    backend.answers.append(backend.reset)
    with pytest.raises(Failed, match="closed the connection"):
        send(backend.url)
    assert len(backend.got) == 1


def test_no_answer_on_an_open_connection_is_not_asked_for_again(
    backend: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend may still be working on it."""
    send(backend.url, "d-1")
    monkeypatch.setattr(posting, "READ_TIMEOUT", 0.2)
    backend.answers.append(backend.hang)
    with pytest.raises(Failed, match="did not answer in time"):
        send(backend.url, "d-2")
    assert deliveries(backend) == ["d-1", "d-2"]


@pytest.mark.parametrize("answer", ["drip", "promise"])
def test_an_answer_without_end_is_given_up_on_an_open_connection_too(
    backend: Receiver, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(posting, "LONGEST_REQUEST", 0.4)
    send(backend.url)
    backend.answers.append(getattr(backend, answer))
    with pytest.raises(Failed, match="did not answer in time"):
        send(backend.url)
    assert (backend.connections, len(backend.got)) == (1, 2)


def test_a_body_that_drips_does_not_hold_up_the_next_delivery(
    backend: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head has said that the delivery was accepted."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not backend.over.wait(0.01):
            handler.wfile.write(b"x")

    monkeypatch.setattr(posting, "LONGEST_REQUEST", 600)
    monkeypatch.setattr(posting, "LONGEST_BODY", 0.2)
    backend.answers.append(drip)
    send(backend.url, "d-1")
    send(backend.url, "d-2")
    assert deliveries(backend) == ["d-1", "d-2"]


# --- Addresses ----------------------------------------------------------------------------------


def test_a_name_that_stands_for_a_private_address_now_is_not_called(
    authority: Authority, stands_for: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although a connection to its public address is open."""
    with Receiver(authority.server(NAME)) as backend, called_instead(backend, monkeypatch):
        send(f"https://{NAME}/hook")
        for others in (["10.0.0.8"], ["93.184.216.34", "10.0.0.8"]):
            stands_for[:] = others
            with pytest.raises(AddressRefused):
                send(f"https://{NAME}/hook")
        assert len(backend.got) == 1


def test_a_name_that_stands_for_another_address_now_is_called_there(
    authority: Authority, stands_for: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection goes where the name leads now, one of several addresses in any order."""
    one, two = "93.184.216.34", "8.8.8.8"
    with (
        Receiver(authority.server(NAME)) as backend,
        called_instead(backend, monkeypatch) as called,
    ):
        for numbers in ([one], [two, one], [one, two], [two], [two]):
            stands_for[:] = numbers
            send(f"https://{NAME}/hook")
        assert called == [one, two]


def test_after_a_failure_the_next_address_is_called(
    authority: Authority, stands_for: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while there is an open connection to another one."""
    stands_for[:] = ["93.184.216.34", "8.8.8.8"]
    with (
        Receiver(authority.server(NAME)) as backend,
        called_instead(backend, monkeypatch) as called,
    ):
        for attempt in (0, 1, 0):
            send(f"https://{NAME}/hook", attempt=attempt)
        assert called == ["93.184.216.34", "8.8.8.8"]


def test_another_host_at_the_same_address_has_a_connection_of_its_own(
    authority: Authority, stands_for: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificate was not checked on the open one."""
    with Receiver(authority.server(NAME)) as backend, called_instead(backend, monkeypatch):
        send(f"https://{NAME}/hook")
        with pytest.raises(Failed, match="No secure connection"):
            send("https://other.test/hook")
        assert len(backend.got) == 1
