"""One delivery on the wire: to the checked IP address, signed, over TLS, in limited time."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from receipts.webhooks import posting
from receipts.webhooks.addresses import AddressRefused
from receipts.webhooks.posting import Failed, post
from tests.support.authority import Authority
from tests.support.dialling import NAME, ON_LOOPBACK, PUBLIC, called_instead
from tests.support.receiver import Answer, Receiver


def send(url: str, **how: Any) -> None:
    post(url, ["whsec_test"], "d-1", b'{"events": []}', **how)


def test_the_number_that_was_checked_is_the_one_called(
    authority: Authority, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to a public address first, and to a private one later, gains nothing."""
    with (
        Receiver(authority.server(NAME)) as backend,
        called_instead(backend, monkeypatch) as called,
    ):
        send(f"https://{NAME}/hook")
    assert (looked_up, called) == ([NAME], [PUBLIC])
    assert [each.headers["Host"] for each in backend.got] == [NAME]


def test_the_certificate_has_to_be_that_of_the_name(
    authority: Authority, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate for the IP address is not enough."""
    other = authority.server("other.test", PUBLIC)
    with (
        Receiver(other) as backend,
        called_instead(backend, monkeypatch),
        pytest.raises(Failed, match="No secure connection"),
    ):
        send(f"https://{NAME}/hook")
    assert backend.got == []


def test_a_certificate_of_nobody_whom_we_believe_is_refused(
    tmp_path: Path, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        Receiver(Authority(tmp_path).server(NAME)) as backend,
        called_instead(backend, monkeypatch),
        pytest.raises(Failed, match="No secure connection"),
    ):
        send(f"https://{NAME}/hook")
    assert backend.got == []


def test_whoever_does_not_speak_tls_is_no_secure_backend(
    authority: Authority, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        Receiver() as backend,
        called_instead(backend, monkeypatch),
        pytest.raises(Failed, match="No secure connection"),
    ):
        send(f"https://{NAME}/hook")


def test_a_private_number_is_not_called(looked_up: list[str]) -> None:
    """It may have become private since the URL was registered."""
    looked_up.append("registered")
    with Receiver() as backend, pytest.raises(AddressRefused):
        send(f"https://{NAME}:{backend.port}/hook")
    assert backend.got == []


def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy resolves names itself, and could be made to connect to any."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    send(receiver.url)
    assert len(receiver.got) == 1


def test_a_request_says_what_it_is(receiver: Receiver) -> None:
    send(receiver.url + "?key=é%20")
    (got,) = receiver.got
    assert got.path == "/hook?key=%C3%A9%20"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["User-Agent"] == "Seenby-Webhooks/1"
    assert got.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["Seenby-Delivery"] == "d-1"
    assert got.is_from("whsec_test")
    assert not got.is_from("whsec_other")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_takes_it(receiver: Receiver, status: int) -> None:
    receiver.answers.append(status)
    send(receiver.url)


@pytest.mark.parametrize(
    "status", [300, 301, 302, 304, 307, 400, 401, 404, 410, 413, 429, 500, 503]
)
def test_nothing_else_does(receiver: Receiver, status: int) -> None:
    receiver.answers.append(status)
    with pytest.raises(Failed, match=f"It answered {status}"):
        send(receiver.url)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """It could lead anywhere."""
    receiver.answers.append(receiver.redirect)
    with pytest.raises(Failed, match="It answered 307"):
        send(receiver.url)
    assert [each.path for each in receiver.got] == ["/hook"]


def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.answers.append(receiver.talk)
    send(receiver.url)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("hang", "did not answer in time"),
        ("reset", "closed the connection"),
        ("chatter", "closed the connection, or did not answer with valid HTTP"),
    ],
)
def test_no_answer_is_a_failure(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: str, words: str
) -> None:
    def chatter(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n")

    monkeypatch.setattr(posting, "READ_TIMEOUT", 0.2)
    receiver.answers.append(chatter if answer == "chatter" else getattr(receiver, answer))
    with pytest.raises(Failed, match=words):
        send(receiver.url)


@pytest.mark.parametrize("answer", ["drip", "promise"])
@pytest.mark.parametrize("secure", [False, True])
def test_an_answer_that_never_comes_to_its_end_is_given_up(
    settings: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch, answer: str, secure: bool
) -> None:
    """A byte from time to time is not a response."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    monkeypatch.setattr(posting, "LONGEST_REQUEST", 0.3)
    with Receiver(authority.server(ON_LOOPBACK) if secure else None) as backend:
        endless: Answer = getattr(backend, answer)
        backend.answers.append(endless)
        with pytest.raises(Failed, match="did not answer in time"):
            send(backend.url)


def test_a_handshake_that_never_comes_to_its_end_is_given_up(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "LONGEST_REQUEST", 0.3)
    with socket.create_server((ON_LOOPBACK, 0)) as silent, pytest.raises(Failed):
        send(f"https://127.0.0.1:{silent.getsockname()[1]}/")


def test_nobody_there_is_a_failure_in_words(settings: Any) -> None:
    """In words that help the endpoint's owner."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with socket.create_server((ON_LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Failed) as failed:
        send(f"http://127.0.0.1:{port}/")
    assert str(failed.value) == "It could not be reached: [Errno 111] Connection refused"


def test_a_connection_leaves_nothing_behind(receiver: Receiver) -> None:
    """Neither a running timer nor a duplicate of the socket."""
    import threading
    from pathlib import Path

    send(receiver.url)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        send(receiver.url)
    # The receiver may still be closing one or two on its side.
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 10
    alarms = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    for alarm in alarms:
        alarm.join(5)
        assert not alarm.is_alive()
