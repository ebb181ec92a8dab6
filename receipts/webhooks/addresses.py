"""Where a webhook may go: not into the network that this service stands in.

Whoever registers an address makes this service call it. So an address is looked up once, refused
if any of its numbers is private, and that very number is called: a name that is looked up again
could answer otherwise.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings


class Refused(Exception):
    """Nothing is sent there; says why."""


@dataclass(frozen=True)
class Address:
    """A URL and the number its host has."""

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


def check(url: str) -> None:
    """Refuse what can be seen to be wrong without looking the host up."""
    _parts(url)


def resolve(url: str) -> Address:
    """Look an address up. Raises ``Refused``."""
    scheme, host, port, target = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"{host} cannot be found.") from error
    numbers = [str(entry[4][0]) for entry in found]
    for number in numbers:
        _refuse_private(host, number)
    return Address(scheme, host, port, numbers[0], target)


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("This is not an address.") from error
    if parts.username or parts.password:
        raise Refused("An address may not hold a password; check the signature instead.")
    allowed = ("https", "http") if settings.WEBHOOKS_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in allowed or not parts.hostname:
        raise Refused(f"Must begin with {' or '.join(f'{scheme}://' for scheme in allowed)}.")
    _refuse_private(parts.hostname, parts.hostname)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme], target


def _refuse_private(host: str, number: str) -> None:
    """Numbers that are not of the public network: loopback, private, link-local, reserved."""
    try:
        address = ipaddress.ip_address(number.split("%")[0])
    except ValueError:
        return  # a name
    mapped = getattr(address, "ipv4_mapped", None)
    is_public = (mapped or address).is_global and not address.is_multicast
    if not is_public and not settings.WEBHOOKS_ALLOW_PRIVATE:
        raise Refused(f"{host} is an address of a private network.")
