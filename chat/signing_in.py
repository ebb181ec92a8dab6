"""Limits on password attempts, and on how many are checked at once.

django-axes counts failures in the database, by username and address, so that it holds over all
server processes. This module limits what guessing costs others: checking a password takes a tenth
of a second or more of CPU, on a thread that requests need.
"""

from __future__ import annotations

from hashlib import blake2b
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import BoundedSemaphore, Lock
from time import time
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.http import HttpRequest

from chat.models import User

#: Password attempts a minute of one address in one process, for any usernames.
TRIES_A_MINUTE = 20
#: Threads that may be busy with a password: one checks, one waits.
_MOST_AT_ONCE = 2
_MINUTE = 60
#: Each customer gets at least a prefix of this length, so its addresses count as one.
_IPV6_PREFIX = 64

_entered = BoundedSemaphore(_MOST_AT_ONCE)
_checking = Lock()


class TooManyTries(Exception):
    """Too many password attempts at once; try again soon."""


class PasswordBackend(ModelBackend):
    """Checks one password at a time per process; refuses a login while another one waits."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        if not _entered.acquire(blocking=False):
            raise TooManyTries
        try:
            with _checking:
                return super().authenticate(request, username, password, **credentials)
        finally:
            _entered.release()


def address_of(request: HttpRequest) -> str | None:
    """The client's address as the server knows it, an IPv6 one without its last 64 bits.

    No header is read here: uvicorn accepts ``X-Forwarded-For`` only from the proxies that it is
    configured to trust.
    """
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # as behind a Unix socket
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _IPV6_PREFIX), strict=False).network_address)


def count_try(request: HttpRequest) -> None:
    """Count a password that is tried from an address; raises ``TooManyTries``."""
    name = blake2b(str(address_of(request)).encode(), digest_size=16).hexdigest()
    key = f"password:{int(time()) // _MINUTE}:{name}"
    # It lives longer than its minute, so that it cannot expire before it is incremented.
    cache.add(key, 0, timeout=2 * _MINUTE)
    if cache.incr(key) > TRIES_A_MINUTE:
        raise TooManyTries
