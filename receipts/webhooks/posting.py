"""One delivery: a signed POST to the IP address that was checked; redirects are not followed."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException, RemoteDisconnected
from urllib.parse import quote

import urllib3
from urllib3.util.ssl_match_hostname import CertificateError

from chat.hurrying import HurriedConnection, HurriedTLSConnection
from receipts.webhooks.addresses import Address, resolve
from receipts.webhooks.connections import Line, Lines
from receipts.webhooks.signing import signed_headers

#: Seconds to connect, and between two reads.
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 10.0
#: Seconds from the start of a request, with connecting, to the end of the response's headers.
LONGEST_REQUEST = 15.0
#: A connection is used again if the body of a response has at most these bytes and seconds.
MOST_BODY, LONGEST_BODY = 16_384, 1.0

#: What stands in a URL as it is.
_URL = "%/:?[]@!$&'()*+,;=-._~"
#: How a connection ends that the other side has closed meanwhile.
_CLOSED = (RemoteDisconnected, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class Failed(Exception):
    """The endpoint did not accept the delivery; the message states why."""


class _Stale(Exception):
    """The other side had closed the open connection before it could answer."""


def post(url: str, secrets: Sequence[str], delivery: str, body: bytes, *, attempt: int = 0) -> None:
    """Deliver ``body``. Raises ``AddressRefused`` or ``Failed``; only a 2xx status is a success."""
    address = resolve(url, attempt)
    target = quote(address.target, safe=_URL)
    headers = {
        "Host": address.host_header,
        "Content-Type": "application/json",
        "User-Agent": "Seenby-Webhooks/1",
        "Seenby-Delivery": delivery,
        **signed_headers(secrets, delivery, body, int(time.time())),
    }
    try:
        _post(lines.take(address), target, headers, body)
    except _Stale:
        _post(lines.take(address, is_new=True), target, headers, body)


def _post(line: Line, target: str, headers: dict[str, str], body: bytes) -> None:
    """Deliver on this connection, and keep it open if it can be used again.

    Raises ``Failed``, or ``_Stale`` if it was open before and is closed without an answer: the
    other side may close an idle connection at any moment, so that is no failure.
    """
    connection, started = line.connection, time.monotonic()
    is_reused, status, reason = connection.is_reused, 0, ""
    try:
        answer = _answer(connection, target, headers, body)
        status = answer.status
    except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
        line.close()
        reason = _words(error)
        is_stale = is_reused and isinstance(error, _CLOSED)
    except BaseException:
        line.close()
        raise
    else:
        is_stale = False
    if time.monotonic() - started >= LONGEST_REQUEST:
        # A connection shut down at its deadline may look like a response, or like any error.
        line.close()
        raise Failed("It did not answer in time.")
    if is_stale:
        raise _Stale
    if not 200 <= status < 300:
        line.close()
        raise Failed(reason or f"It answered {status}.")
    if _is_read(connection, answer):
        lines.give_back(line)
    else:
        line.close()


def _answer(
    connection: HurriedConnection, target: str, headers: dict[str, str], body: bytes
) -> urllib3.BaseHTTPResponse:
    """Send a request, connecting if needed, and read the head of its response."""
    connection.timeout = CONNECT_TIMEOUT
    if connection.is_closed:
        connection.connect()
    with suppress(BrokenPipeError):  # it may have answered before it had read everything
        connection.request("POST", target, body=body, headers=headers, preload_content=False)
    connection.timeout = READ_TIMEOUT
    return connection.getresponse()


def _is_read(connection: HurriedConnection, answer: urllib3.BaseHTTPResponse) -> bool:
    """Read a body that is short and comes soon; whether the connection can be used again."""
    connection.hurry(LONGEST_BODY)
    try:
        if not connection.is_closed:
            answer.read(MOST_BODY, decode_content=False)
    except (urllib3.exceptions.HTTPError, HTTPException, OSError):
        return False
    if connection.is_closed or not answer.closed:
        answer.close()
        return False
    connection.finish_request()
    return True


def _connect(address: Address) -> HurriedConnection:
    """A connection to the IP address; the certificate must match the host name."""
    if address.scheme == "http":
        return HurriedConnection(address.number, address.port, longest=LONGEST_REQUEST)
    return HurriedTLSConnection(
        address.number,
        address.port,
        longest=LONGEST_REQUEST,
        ssl_context=tls(),
        server_hostname=address.host,
    )


#: The connections of this process.
lines = Lines(_connect)


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Trust the system's certificates; cached, since loading them takes longer than a POST."""
    return ssl.create_default_context()


def _words(error: Exception) -> str:
    """The error in words, for the endpoint's owner."""
    if isinstance(error, ssl.SSLError | CertificateError):
        return f"No secure connection: {error}"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return f"It could not be reached: {error.__cause__}"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return "It could not be reached in time."
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    return f"It closed the connection, or did not answer with valid HTTP: {error}"
