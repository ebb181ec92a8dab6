"""The base view of the social.plus gateway: its error body."""

from __future__ import annotations

from rest_framework.response import Response

from receipts.gateways.frame import GatewayView
from receipts.gateways.refusals import Refusal
from receipts.gateways.socialplus.errors import SOCIALPLUS_BAD_REQUEST, SOCIALPLUS_CODES

#: Its name in the setting ``GATEWAYS``.
GATEWAY = "socialplus"


def renewal_of(token: str) -> str:
    """The name by which a device begins whose session was renewed with this token."""
    return f"renewed {token}"


class SocialPlusView(GatewayView):
    """A view whose errors have codes that the SDK understands."""

    def refused(self, refusal: Refusal) -> Response:
        by_status = SOCIALPLUS_CODES.get(refusal.status, SOCIALPLUS_BAD_REQUEST)
        code = SOCIALPLUS_CODES.get(refusal.code) or by_status
        body = {"status": "error", "code": code, "message": refusal.text}
        return Response(body, status=refusal.status, headers=dict(refusal.headers))
