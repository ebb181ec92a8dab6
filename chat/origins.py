"""Pages of other origins: which may call, and whether a WebSocket may be opened.

Browsers enforce CORS for requests, but not for WebSockets: there the server checks ``Origin``.
"""

from __future__ import annotations

from django.conf import settings
from django.http.request import split_domain_port, validate_host

_DEFAULT_PORTS = ":80", ":443"


def is_allowed_origin(origin: str | None, host: str | None) -> bool:
    """Whether a WebSocket may be opened, by the headers ``Origin`` and ``Host`` of its handshake.

    Allowed are clients that are no browsers (they send no ``Origin``), pages of this service, and
    those of ``CORS_ALLOWED_ORIGINS``. The scheme of this service's own pages is not compared: TLS
    ends at the proxy. A host that is not in ``ALLOWED_HOSTS`` is not this service: somebody else's
    name may lead to its address.
    """
    if origin is None or _is_listed(origin):
        return True
    page = origin.lower().partition("://")[2]
    own = (host or "").lower()
    if not page or page not in {own, *(own.removesuffix(port) for port in _DEFAULT_PORTS)}:
        return False
    return validate_host(split_domain_port(own)[0], settings.ALLOWED_HOSTS)


def headers_for(origin: str | None) -> list[tuple[bytes, bytes]]:
    """The headers with which a page may read a refusal that does not come from Django."""
    if origin is None or not _is_listed(origin):
        return []
    exposed = ", ".join(settings.CORS_EXPOSE_HEADERS).encode()
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-expose-headers", exposed),
        (b"vary", b"origin"),
    ]


def _is_listed(origin: str) -> bool:
    return origin in settings.CORS_ALLOWED_ORIGINS
