"""The vendor's status codes for errors of a socket's calls."""

from __future__ import annotations

from chat.errors import Muted
from receipts.gateways.agora.frames import Code
from receipts.gateways.agora.requests import AckOfNothing, AcksNotPermitted
from receipts.gateways.refusals import Refusal

#: By our code, where the SDKs have one for it or read the reason.
_BY_CODE: dict[str | int, Code] = {
    Muted.code: Code.MUTED,
    AcksNotPermitted.code: Code.FAILED,
    AckOfNothing.code: Code.FAILED,
}
#: By our HTTP status; with any other the SDKs read the reason.
_BY_STATUS = {400: Code.WRONG_PARAMETER, 403: Code.NOT_PERMITTED, 429: Code.LIMIT}
#: What the SDKs take for a wrong token or password.
WRONG_TOKEN = "Sorry, token or password does not match login info"  # noqa: S105


def status_code_of(refusal: Refusal) -> Code:
    """The status code of a refused call."""
    return _BY_CODE.get(refusal.code, _BY_STATUS.get(refusal.status, Code.FAILED))
