"""The readers of one message, newest first."""

from __future__ import annotations

from django.http import Http404, QueryDict
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from receipts.api.archived import Archived
from receipts.api.filters import RecipientFilter
from receipts.gateways.agora.base import AgoraView
from receipts.gateways.agora.paging import UNDEFINED, AckCursor, ack_limit
from receipts.gateways.agora.shapes import ack_page
from receipts.gateways.frame import id_in_address
from receipts.gateways.unixtime import milliseconds
from receipts.reads.answers import summary_for
from receipts.reads.messages import disclosed_message
from receipts.reads.selectors import recipients_of

_READ = QueryDict("state=read")


class AcksView(AgoraView):
    """For callers who may see the message's receipts (rule 17)."""

    def show(self, request: Request, org: str, app: str, group: str, pk: str) -> Response:
        """A page of readers, the latest first."""
        size = ack_limit(request.query_params.get("limit", UNDEFINED))
        cursor = AckCursor.of(request.query_params.get("key", UNDEFINED))
        message = disclosed_message(self.user, id_in_address(pk))
        if message["conversation_id"] != self.conversation_named(group).pk:
            raise Http404
        if message["archived_at"] is not None:
            raise Archived(message["archived_at"])
        rows = recipients_of(message["id"], message["conversation_id"])
        # The native filter, which knows from whom reads are hidden.
        readers = RecipientFilter(_READ, rows, request=request).qs
        if cursor:
            readers = readers.filter(cursor.following)
        found = list(readers.order_by("-read_at", "-recipient_id")[: size + 1])
        total = summary_for(message, self.user)["read_count"]
        return Response(
            {
                "action": "get",
                "organization": org,
                "applicationName": app,
                "timestamp": milliseconds(timezone.now()),
                "duration": 0,
                "data": ack_page(message, found[:size], total, is_last=len(found) <= size),
            }
        )
