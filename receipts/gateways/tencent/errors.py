"""Tencent's error codes."""

from __future__ import annotations

#: By our HTTP status; any other status gets the code of 400.
TENCENT_CODES = {
    400: 10004, 401: 70003, 403: 10007, 404: 10010, 429: 60007, 500: 10002, 503: 10002,
}  # fmt: skip
UNKNOWN_COMMAND = 10003
#: Of one message: the group has too many members, or no receipt was requested.
TOO_MANY_MEMBERS, NO_RECEIPT = 10060, 10062
#: The statuses of errors that Tencent answers with HTTP 200, like any other answer of a command.
ANSWERED_WITH_200 = {400, 401, 403, 404, 429}
