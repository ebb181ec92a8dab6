"""Where a webhook may go: private addresses are refused, however they are written."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from receipts.webhooks.addresses import AddressRefused, check, resolve

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.8", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1", "192.88.99.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "168.63.129.16", "224.0.0.1", "233.252.0.1",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.8",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.8", "64:ff9b:1::8.8.8.8", "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2002:7f00:1::", "2002:808:808::",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8",
          "64:ff9b::808:808"]  # fmt: skip

#: Other notations of 127.0.0.1 that resolvers accept, and other digits and dots for them.
SPELLINGS = [
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0",
    "127.0.0.1.", "\uff11\uff12\uff17.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "localhost",
    "LOCALHOST", "localhost.", "backend.localhost", "\uff4cocalhost",
]  # fmt: skip


def bracketed(number: str) -> str:
    return f"[{number}]" if ":" in number else number


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to; an IP address resolves to itself."""
    known: dict[str, list[str]] = {}
    ask = socket.getaddrinfo

    def look_up(host: str, port: int, *more: Any, **options: Any) -> Any:
        if host in known:
            return [entry for number in known[host] for entry in ask(number, port, **options)]
        return ask(host, port, *more, **options | {"flags": socket.AI_NUMERICHOST})

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("number", PRIVATE)
def test_a_private_number_is_refused(number: str) -> None:
    for host in (number, f"{number}%eth0"):
        with pytest.raises(AddressRefused):
            check(f"https://{bracketed(host)}/hook")


@pytest.mark.parametrize("number", PUBLIC)
def test_a_public_number_is_not(number: str) -> None:
    assert resolve(f"https://{bracketed(number)}/hook").number == number


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_private_host_is_refused_however_it_is_spelled(host: str) -> None:
    """At registration, so that the caller learns of it."""
    with pytest.raises(AddressRefused):
        check(f"https://{host}/hook")


@pytest.mark.parametrize("number", PRIVATE)
def test_a_name_that_stands_for_a_private_number_is_refused(
    names: dict[str, list[str]], number: str
) -> None:
    names["backend.example"] = [number]
    check("https://backend.example/")
    with pytest.raises(AddressRefused, match=r"backend\.example is in a private network"):
        resolve("https://backend.example/")


def test_one_private_number_among_public_ones_is_enough(names: dict[str, list[str]]) -> None:
    """Which of them would be used is not left to chance."""
    names["backend.example"] = ["8.8.8.8", "10.0.0.8"]
    with pytest.raises(AddressRefused):
        resolve("https://backend.example/")


def test_each_attempt_gets_the_next_number(names: dict[str, list[str]]) -> None:
    """A name with one address that does not answer is not stuck with it."""
    names["backend.example"] = ["8.8.8.8", "2606:4700::1"]
    numbers = [resolve("https://backend.example/", attempt).number for attempt in range(3)]
    assert numbers == ["8.8.8.8", "2606:4700::1", "8.8.8.8"]


def test_a_name_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(AddressRefused, match=r"backend\.example cannot be resolved"):
        resolve("https://backend.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://backend.example/", "ftp://backend.example/", "file:///etc/passwd", "//backend/",
        "gopher://backend.example/", "HTTP://backend.example/", "backend.example", "", "https://",
        "https:///hook", "https://backend.example:0/", "https://backend.example:65536/",
        "https://backend.example:x/", "https://[::1/", "https://u:p@backend.example/",
        "https://u@backend.example/", "https://@backend.example/", "https://:@backend.example/",
        "https://a..b/", "https://" + "a" * 64 + ".example/",
    ],
)  # fmt: skip
def test_what_is_no_public_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check(url)


def test_an_address_is_taken_apart_as_it_will_be_called(names: dict[str, list[str]]) -> None:
    names["backend.example"] = ["8.8.8.8"]
    address = resolve("https://Backend.Example.:8443/a/b?c=d#e")
    assert (address.host, address.port, address.number) == ("backend.example", 8443, "8.8.8.8")
    assert (address.host_header, address.target) == ("backend.example:8443", "/a/b?c=d")
    plain = resolve("https://backend.example?x")
    assert (plain.host_header, plain.port, plain.target) == ("backend.example", 443, "/?x")
    assert resolve("https://[2606:4700::1]/").host_header == "[2606:4700::1]"


def test_a_name_in_any_alphabet_is_called_as_its_certificate_spells_it(
    names: dict[str, list[str]],
) -> None:
    names["xn--bcher-kva.example"] = ["8.8.8.8"]
    assert resolve("https://Bücher.example/").host_header == "xn--bcher-kva.example"


def test_a_setting_allows_private_addresses(settings: Any, names: dict[str, list[str]]) -> None:
    """WEBHOOKS_ALLOW_PRIVATE: for backends in the same network, also by plain HTTP."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    names["backend.internal"] = ["10.0.0.8"]
    assert resolve("http://backend.internal/").number == "10.0.0.8"
    assert resolve("http://127.1:8000/").port == 8000
    with pytest.raises(AddressRefused):
        check("ftp://backend.internal/")


def test_an_address_that_was_allowed_is_refused_once_it_is_not(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    resolve("http://127.0.0.1:8000/")
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    with pytest.raises(AddressRefused):
        resolve("http://127.0.0.1:8000/")
