"""One delivery: a signed POST to the IP address that was checked; redirects are not followed."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import time
from functools import lru_cache

import urllib3

from receipts.webhooks import hurrying
from receipts.webhooks.addresses import Address, resolve

#: Seconds to connect, and between two reads; ``hurrying.LONGEST_REQUEST`` limits the whole request.
TIMEOUT = urllib3.Timeout(connect=5, read=10)


class Failed(Exception):
    """The endpoint did not accept the delivery; the message states why."""


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """``t=<Unix seconds>,v1=<hex>``: HMAC-SHA256 of the time, a dot and the body.

    The time is signed too, so that a receiver can refuse a replay of an old delivery.
    """
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"


def post(url: str, secret: str, delivery: str, body: bytes, *, attempt: int = 0) -> None:
    """Deliver ``body``. Raises ``Refused`` or ``Failed``; only a 2xx status is a success."""
    address = resolve(url, attempt)
    headers = {
        "Host": address.host_header,
        "Content-Type": "application/json",
        "User-Agent": "Seenby-Webhooks/1",
        "Seenby-Delivery": delivery,
        "Seenby-Signature": signature(secret, body, int(time.time())),
    }
    started = time.monotonic()
    try:
        status, reason = _status(address, headers, body), ""
    except urllib3.exceptions.HTTPError as error:
        status, reason = 0, _words(error)
    if time.monotonic() - started >= hurrying.LONGEST_REQUEST:
        # A connection shut down at its deadline may look like a response, or like any error.
        raise Failed("It did not answer in time.")
    if not 200 <= status < 300:
        raise Failed(reason or f"It answered {status}.")


def _status(address: Address, headers: dict[str, str], body: bytes) -> int:
    """The status of the endpoint's response, whose body is not read."""
    with _pool(address) as pool:
        answer = pool.urlopen(
            "POST",
            address.target,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        answer.close()
    return answer.status


def _pool(address: Address) -> urllib3.HTTPConnectionPool:
    """A connection to the IP address; the certificate must match the host name."""
    pool: urllib3.HTTPConnectionPool
    if address.scheme == "http":
        pool = urllib3.HTTPConnectionPool(address.number, address.port, timeout=TIMEOUT)
        pool.ConnectionCls = hurrying.HurriedConnection
        return pool
    pool = urllib3.HTTPSConnectionPool(
        address.number,
        address.port,
        timeout=TIMEOUT,
        ssl_context=tls(),
        server_hostname=address.host,
    )
    pool.ConnectionCls = hurrying.HurriedTLSConnection
    return pool


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Trust the system's certificates; cached, since loading them takes longer than a POST."""
    return ssl.create_default_context()


def _words(error: urllib3.exceptions.HTTPError) -> str:
    """The error in words, for the endpoint's owner."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"No secure connection: {error}"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return f"It could not be reached: {error.__cause__}"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return "It could not be reached in time."
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return "It did not answer in time."
    return f"It closed the connection, or did not answer with valid HTTP: {error}"
