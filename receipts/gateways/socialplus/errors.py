"""social.plus' error codes."""

from __future__ import annotations

#: By our error code, then by our HTTP status; any other error is a bad request.
SOCIALPLUS_CODES: dict[str | int, int] = {
    "muted": 400302,
    401: 400100,
    403: 400301,
    404: 400400,
    409: 400900,
    410: 400400,
    500: 500000,
    503: 500000,
}
SOCIALPLUS_BAD_REQUEST = 400000
