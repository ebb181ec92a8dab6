"""What pages of other origins may send and read; the setting CORS_ALLOWED_ORIGINS names them."""

from __future__ import annotations

#: Everything but our own pages and files: the addresses of a gateway may begin with anything.
CORS_URLS_REGEX = r"/(?!(?:admin|demo|static|healthz|readyz)/|$)"
#: No cookies: the only session is the admin's. A page sends a token.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "set-access-token-cookie",  # social.plus's client, which sends it at login
    "x-api-key",  # the same
    "x-request-id",
]
CORS_EXPOSE_HEADERS = ["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]
