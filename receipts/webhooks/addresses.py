"""Where a webhook may go: not into the network that this service stands in.

Whoever registers an address makes this service call it. So an address is looked up once, refused
if any of its numbers is private, and one of those very numbers is called: a name that is looked up
again could answer otherwise.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings


class Refused(Exception):
    """Nothing is sent there; says why."""


@dataclass(frozen=True)
class Address:
    """A URL and a number of its host; a name is as certificates spell it, in ASCII."""

    scheme: str
    host: str
    port: int
    number: str
    target: str

    @property
    def host_header(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"https": 443, "http": 80}

#: NAT64 writes an IPv4 number into the last 32 bits of these.
_TRANSLATED = ip_network("64:ff9b::/96")
#: All of IPv6 that is given out; outside lie old ways to write IPv4, and site-local addresses.
_GIVEN_OUT = ip_network("2000::/3")
#: Not private by the book, or not by Python's, and yet no place on the internet.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # for protocols; a cloud keeps its machines' credentials at .192
            "192.88.99.0/24",  # relays of 6to4, as
            "2002::/16",  # 6to4 itself, which holds any IPv4 number
            "168.63.129.16/32",  # another cloud's host, seen from its machines
            "3fff::/20",  # documentation
        ),
    )
)


def check(url: str) -> None:
    """Refuse what can be seen to be wrong without looking the host up."""
    _parts(url)


def resolve(url: str, attempt: int = 0) -> Address:
    """Look an address up; each attempt gets the next of its numbers. Raises ``Refused``."""
    scheme, host, port, target = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"{host} cannot be found.") from error
    numbers = [str(entry[4][0]) for entry in found]
    for number in numbers:
        _refuse_private(host, _number(number))
    return Address(scheme, host, port, numbers[attempt % len(numbers)], target)


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and the rest."""
    try:
        parts = urlsplit(url)
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError as error:  # UnicodeError is one
        raise Refused("This is not an address.") from error
    if parts.username is not None or parts.password is not None:
        raise Refused("An address may not hold a password; check the signature instead.")
    allowed = ("https", "http") if settings.WEBHOOKS_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in allowed or not host or port == 0:
        raise Refused(f"Must begin with {' or '.join(f'{scheme}://' for scheme in allowed)}.")
    _refuse_private(host, _number(host))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or _PORTS[parts.scheme], target


def _ascii(host: str) -> str:
    """A host's name as the network knows it, whatever alphabet and digits it is written in."""
    return host if ":" in host else host.encode("idna").decode().removesuffix(".")


def _number(host: str) -> IPv4Address | IPv6Address | None:
    """The number that stands for a host, in any spelling the resolver takes; None of a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))  # 127.1, 2130706433, 0x7f000001, 0177.0.0.1
    except OSError:
        return None


def _refuse_private(host: str, number: IPv4Address | IPv6Address | None) -> None:
    """Nothing private: neither by its number, nor by the one name that is always so."""
    if settings.WEBHOOKS_ALLOW_PRIVATE:
        return
    is_local = host == "localhost" or host.endswith(".localhost")
    if is_local or (number is not None and not _is_public(number)):
        raise Refused(f"{host} is an address of a private network.")


def _is_public(number: IPv4Address | IPv6Address) -> bool:
    """Whether a number is one of the internet's, so that calling it discloses nothing of ours."""
    if isinstance(number, IPv6Address):
        if number in _TRANSLATED:
            return _is_public(IPv4Address(int(number) & 0xFFFFFFFF))
        if number.ipv4_mapped is not None:
            return _is_public(number.ipv4_mapped)
        if number not in _GIVEN_OUT:
            return False
    special = any(number in network for network in _NOT_PUBLIC)
    return number.is_global and not number.is_multicast and not special
