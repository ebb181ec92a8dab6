"""One delivery: a signed POST, to the number that was looked up, without following anything."""

from __future__ import annotations

import hashlib
import hmac
import time

import urllib3

from receipts.webhooks.addresses import Address, resolve

#: Seconds for an endpoint to be reached, and to answer.
TIMEOUT = urllib3.Timeout(connect=5, read=10)


class Failed(Exception):
    """The endpoint did not take it; says why."""


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """``t=<Unix seconds>,v1=<hex>``: HMAC-SHA256 of the time, a dot and the body.

    The time is signed too, so a receiver can refuse what is too old to be new.
    """
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"


def post(url: str, secret: str, body: bytes) -> None:
    """Deliver ``body``. Raises ``Refused`` or ``Failed``; only a 2xx is a delivery."""
    address = resolve(url)
    headers = {
        "Host": address.host_header,
        "Content-Type": "application/json",
        "User-Agent": "Seenby-Webhooks/1",
        "Seenby-Signature": signature(secret, body, int(time.time())),
    }
    try:
        with _pool(address) as pool:
            answer = pool.urlopen(
                "POST",
                address.target,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,  # whatever it says, only the status counts
            )
            answer.close()
    except urllib3.exceptions.HTTPError as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
    if not 200 <= answer.status < 300:
        raise Failed(f"It answered {answer.status}.")


def _pool(address: Address) -> urllib3.HTTPConnectionPool:
    """A connection to the number; the certificate has to be that of the name."""
    if address.scheme == "http":
        return urllib3.HTTPConnectionPool(address.number, address.port, timeout=TIMEOUT)
    return urllib3.HTTPSConnectionPool(
        address.number,
        address.port,
        timeout=TIMEOUT,
        server_hostname=address.host,
        assert_hostname=address.host,
    )
