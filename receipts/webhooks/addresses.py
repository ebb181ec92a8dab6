"""Where a webhook may go: not into private networks (protection against SSRF).

Anyone who registers a URL makes this service call it. So its host is resolved once, refused if
any of its IP addresses is private, and one of exactly these addresses is called: a second lookup
could return a different one.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings


class AddressRefused(Exception):
    """Nothing is sent to this URL; the message states why."""


@dataclass(frozen=True)
class Address:
    """A URL and one IP address of its host; a host name is in ASCII, as in certificates.

    ``numbers`` are all IP addresses that may be called instead: on a connection that is open.
    """

    scheme: str
    host: str
    port: int
    number: str
    target: str
    numbers: frozenset[str] = frozenset()

    @property
    def host_header(self) -> str:
        """The value of the ``Host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"https": 443, "http": 80}

#: NAT64: the last 32 bits of these addresses are an IPv4 address.
_TRANSLATED = ip_network("64:ff9b::/96")
#: All global unicast IPv6. Outside it are old ways to embed IPv4, and site-local addresses.
_GIVEN_OUT = ip_network("2000::/3")
#: Not private by the standards, or not according to Python, and yet not on the public internet.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments; .192 is a cloud's metadata service
            "192.88.99.0/24",  # 6to4 relays
            "2002::/16",  # 6to4 itself, which can embed any IPv4 address
            "168.63.129.16/32",  # another cloud's host, as reached from its virtual machines
            "3fff::/20",  # documentation
        ),
    )
)


def check(url: str) -> None:
    """Raise ``AddressRefused`` for a URL that is wrong as written, without a DNS lookup."""
    _parts(url)


def resolve(url: str, attempt: int = 0) -> Address:
    """Resolve a URL's host, each ``attempt`` to the next IP address, or ``AddressRefused``."""
    scheme, host, port, target = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"{host} cannot be resolved.") from error
    numbers = [str(entry[4][0]) for entry in found]
    for number in numbers:
        _refuse_private(host, _number(number))
    number = numbers[attempt % len(numbers)]
    others = frozenset(numbers) if attempt == 0 else frozenset([number])
    return Address(scheme, host, port, number, target, others)


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and request target. Raises ``AddressRefused``."""
    try:
        parts = urlsplit(url)
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError as error:  # includes UnicodeError
        raise AddressRefused("This is not a valid URL.") from error
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("The URL may not contain credentials; verify the signature instead.")
    allowed = ("https", "http") if settings.WEBHOOKS_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in allowed or not host or port == 0:
        raise AddressRefused(
            f"Must begin with {' or '.join(f'{scheme}://' for scheme in allowed)}."
        )
    _refuse_private(host, _number(host))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or _PORTS[parts.scheme], target


def _ascii(host: str) -> str:
    """A host name in ASCII (IDNA), whatever script and digits it is written in."""
    return host if ":" in host else host.encode("idna").decode().removesuffix(".")


def _number(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that ``host`` is, in any notation the resolver accepts; None for a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))  # 127.1, 2130706433, 0x7f000001, 0177.0.0.1
    except OSError:
        return None


def _refuse_private(host: str, number: IPv4Address | IPv6Address | None) -> None:
    """Refuse private IP addresses, and ``localhost``, the one name that is always private."""
    if settings.WEBHOOKS_ALLOW_PRIVATE:
        return
    is_local = host == "localhost" or host.endswith(".localhost")
    if is_local or (number is not None and not _is_public(number)):
        raise AddressRefused(f"{host} is in a private network.")


def _is_public(number: IPv4Address | IPv6Address) -> bool:
    """Whether an IP address is on the public internet: calling it exposes nothing of our own."""
    if isinstance(number, IPv6Address):
        if number in _TRANSLATED:
            return _is_public(IPv4Address(int(number) & 0xFFFFFFFF))
        if number.ipv4_mapped is not None:
            return _is_public(number.ipv4_mapped)
        if number not in _GIVEN_OUT:
            return False
    special = any(number in network for network in _NOT_PUBLIC)
    return number.is_global and not number.is_multicast and not special
