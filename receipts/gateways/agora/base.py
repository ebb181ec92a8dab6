"""The base view of the Agora gateway: its query parameters and its error body."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.response import Response

from receipts.gateways.agora.errors import AGORA_ERRORS
from receipts.gateways.frame import GatewayView
from receipts.gateways.refusals import Refusal
from receipts.gateways.unixtime import milliseconds


class AgoraView(GatewayView):
    """A view whose errors Agora's SDKs understand."""

    #: ``_v`` is the version that the SDKs add to every call.
    query_parameters = frozenset({"limit", "key", "_v"})

    def refused(self, refusal: Refusal) -> Response:
        body = {
            "error": AGORA_ERRORS.get(refusal.status, AGORA_ERRORS[400]),
            "exception": refusal.code,
            "error_description": refusal.text,
            "timestamp": milliseconds(timezone.now()),
            "duration": 0,
        }
        return Response(body, refusal.status, headers=dict(refusal.headers))
