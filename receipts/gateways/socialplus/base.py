"""What its views share: its error body, its ids, and where its messages come from."""

from __future__ import annotations

from typing import cast

from django.http import Http404
from rest_framework.response import Response

from chat.models import Message
from receipts.gateways.socialplus.shapes import COLUMNS, FeedMessageRow
from receipts.gateways.translating import GatewayView, Refusal

#: Its own codes, by our codes and then by our statuses.
CODES: dict[str | int, int] = {
    "muted": 400302,
    401: 400100,
    403: 400301,
    404: 400400,
    409: 400900,
    410: 400400,
    500: 500000,
    503: 500000,
}
BAD_REQUEST = 400000


class SocialPlusView(GatewayView):
    """A view whose refusals the SDK makes errors with a code of."""

    def refused(self, refusal: Refusal) -> Response:
        code = CODES.get(refusal.code) or CODES.get(refusal.status, BAD_REQUEST)
        body = {"status": "error", "code": code, "message": refusal.text}
        return Response(body, status=refusal.status, headers=dict(refusal.headers))

    def visible_message(self, pk: int) -> FeedMessageRow:
        """The message's columns, its feed's name among them, if the caller may know of it."""
        messages = Message.objects.visible_to(self.user).filter(pk=pk)
        message = messages.values(*COLUMNS).first()
        if message is None:
            raise Http404
        return cast(FeedMessageRow, message)
