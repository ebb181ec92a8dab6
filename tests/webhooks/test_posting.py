"""One delivery on the wire: to the checked IP address, signed, over TLS, in limited time."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.util import connection

from receipts.webhooks import hurrying, posting
from receipts.webhooks.addresses import AddressRefused
from receipts.webhooks.posting import Failed, post
from tests.support import ROOT
from tests.support.receiver import Answer, Receiver

NAME, PUBLIC = "backend.test", "93.184.216.34"
ON_LOOPBACK = "127.0.0.1"
SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """Issues certificates that only a test trusts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's authority")])
        own = self._sign(
            self.name,
            self.key,
            x509.BasicConstraints(ca=True, path_length=None),
            SIGNS_CERTIFICATES,
            x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()),
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str) -> ssl.SSLContext:
        """The TLS context of a server with a certificate for these host names or IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._sign(subject, key, x509.SubjectAlternativeName(map(_general, names)))
        both = self.folder / f"{names[0]}.pem"
        both.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context

    def _sign(self, subject: x509.Name, key: Any, *extensions: Any) -> x509.Certificate:
        """As RFC 5280 has it, which Python 3.13 checks (``VERIFY_X509_STRICT``)."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        for extension in (*extensions, issuer):
            critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that the service trusts for this test."""
    believed = Authority(tmp_path)
    context = ssl.create_default_context(cafile=str(believed.file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    monkeypatch.setattr(posting, "tls", lambda: context)
    return believed


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were resolved: first to a public IP address, then to one of our own."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> Any:
        asked.append(host)
        number = PUBLIC if len(asked) == 1 else ON_LOOPBACK
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@contextmanager
def called_instead(backend: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every connection goes to ``backend``; returns the addresses that were to be connected to."""
    called: list[str] = []

    def connect(address: tuple[str, int], timeout: Any, **_: object) -> socket.socket:
        called.append(address[0])
        return socket.create_connection((ON_LOOPBACK, backend.port), 5)

    real = socket.getaddrinfo
    monkeypatch.setattr(connection, "create_connection", connect)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", _dial(real))
        yield called


def _dial(look_up: Any) -> Any:
    """``socket.create_connection`` without a DNS lookup."""

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        dialled = socket.socket()
        dialled.settimeout(timeout)
        dialled.connect(address)
        return dialled

    return dial


def send(url: str, **how: Any) -> None:
    post(url, "whsec_test", "d-1", b'{"events": []}', **how)


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

    monkeypatch.setattr(posting, "TIMEOUT", urllib3.Timeout(connect=5, read=0.2))
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
    monkeypatch.setattr(hurrying, "LONGEST_REQUEST", 0.3)
    with Receiver(authority.server(ON_LOOPBACK) if secure else None) as backend:
        endless: Answer = getattr(backend, answer)
        backend.answers.append(endless)
        with pytest.raises(Failed, match="did not answer in time"):
            send(backend.url)


def test_a_handshake_that_never_comes_to_its_end_is_given_up(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hurrying, "LONGEST_REQUEST", 0.3)
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


def test_the_documented_check_believes_what_is_sent_and_nothing_else(receiver: Receiver) -> None:
    """The ten lines of docs/webhooks.md, as a receiver would copy them."""
    page = (ROOT / "docs" / "webhooks.md").read_text()
    (lines,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    told: dict[str, Any] = {}
    exec(lines, told)
    is_genuine = told["is_genuine"]
    send(receiver.url)
    (got,) = receiver.got
    signature = got.headers["Seenby-Signature"]
    assert is_genuine("whsec_test", signature, got.raw)
    assert not is_genuine("whsec_other", signature, got.raw)
    assert not is_genuine("whsec_test", signature, got.raw + b" ")
    fields = dict(part.split("=", 1) for part in signature.split(","))
    assert not is_genuine("whsec_test", f"t={int(fields['t']) + 1},v1={fields['v1']}", got.raw)
    long_ago = posting.signature("whsec_test", got.raw, int(fields["t"]) - 600)
    assert not is_genuine("whsec_test", long_ago, got.raw)
