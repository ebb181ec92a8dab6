"""Tencent's error codes."""

from __future__ import annotations

from receipts.gateways.refusals import ADDRESS_UNKNOWN, Refusal

#: By our HTTP status; any other status gets the code of 400.
TENCENT_CODES = {
    400: 10004, 401: 70003, 403: 10007, 404: 10010, 429: 60007, 500: 10002, 503: 10002,
}  # fmt: skip
UNKNOWN_COMMAND = 10003
#: Of one message: the group has too many members, or no receipt was requested.
TOO_MANY_MEMBERS, NO_RECEIPT = 10060, 10062
#: The statuses of errors that Tencent answers with HTTP 200, like any other answer of a command.
ANSWERED_WITH_200 = {400, 401, 403, 404, 429}
#: Of a device's login and of its frames: its own SDK then asks the app for another signature.
SIGNATURE_EXPIRED = 70001


class NoReceipts(Exception):
    """A message has no receipts that the caller may see; ``code`` is Tencent's for the reason."""

    def __init__(self, code: int, text: str = "This message has no receipts.") -> None:
        super().__init__(text)
        self.code = code


def code_of(refusal: Refusal) -> int:
    """Tencent's code for an error."""
    if refusal.code == ADDRESS_UNKNOWN:
        return UNKNOWN_COMMAND
    if refusal.code == "token_expired":
        return SIGNATURE_EXPIRED
    return TENCENT_CODES.get(refusal.status, TENCENT_CODES[400])
