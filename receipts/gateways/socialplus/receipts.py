"""Markers: the counts of messages, and the users who got or read one."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Message
from receipts.api.archived import Archived
from receipts.api.filters import RecipientFilter
from receipts.api.receipts import MAX_SUMMARIES
from receipts.gateways.frame import id_in_address, message_ids_given
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.paging import PAGE_PARAMETERS, PageRequest
from receipts.gateways.socialplus.shapes import FeedMessageRow, content_markers
from receipts.reads.messages import disclosed_row, rows_of
from receipts.reads.selectors import recipients_of
from receipts.rules.membership import Membership, membership_q
from receipts.rules.privacy import shown_to
from receipts.sql.keyset import Order


def _recipients_who_are(part: Membership) -> Q:
    return Q(recipient__is_active=True) & membership_q(part, account="recipient")


#: Its words for a recipient's membership now; exactly one is true of each recipient.
MEMBERSHIPS = {
    "member": _recipients_who_are(Membership.ACTIVE),
    "muted": _recipients_who_are(Membership.MUTED),
    "banned": _recipients_who_are(Membership.BANNED),
    "non-member": _recipients_who_are(Membership.LEFT),
    "deleted": Q(recipient__is_active=False),
}

_READ = QueryDict("state=read")
_BY_RECIPIENT = Order("recipient_id")


class CountsView(SocialPlusView):
    """The counts of the messages on a device's screen."""

    query_parameters = frozenset({"messageIds[]"})

    def show(self, request: Request) -> Response:
        """One marker for each message whose receipts the caller may see (rule 17)."""
        given = request.query_params.getlist("messageIds[]")
        if len(given) > MAX_SUMMARIES:
            raise ValidationError({"messageIds": [f"At most {MAX_SUMMARIES}."]})
        ids = [number for number in message_ids_given(given) if number]
        rows = Message.objects.visible_to(self.user).filter(pk__in=ids).order_by("pk")
        markers = content_markers(rows_of(rows, FeedMessageRow), self.user)
        return Response({"contentMarkers": markers, "feedMarkers": [], "userMarkers": []})


class RecipientsView(SocialPlusView):
    """Who read a message, and who got it, for callers who may see that (rule 17)."""

    query_parameters = PAGE_PARAMETERS | {"memberships[]"}

    def read(self, request: Request, pk: str) -> Response:
        """The recipients with a disclosed read."""
        rows = self._recipients(id_in_address(pk))
        # The native filter, which knows from whom reads are hidden.
        return self._page(RecipientFilter(_READ, rows, request=request).qs)

    def delivered(self, request: Request, pk: str) -> Response:
        """The recipients whom it reached, including its readers; those alone if that is hidden."""
        if not shown_to(self.user).deliveries:
            return self.read(request, pk)
        rows = self._recipients(id_in_address(pk))
        return self._page(rows.filter(withdrawn_at=None, delivered_at__isnull=False))

    def _recipients(self, pk: int) -> Any:
        message = disclosed_row(self.user, pk, FeedMessageRow)
        if message["archived_at"] is not None:
            raise Archived(message["archived_at"])
        rows = recipients_of(pk, message["conversation_id"])
        asked = self.request.query_params.getlist("memberships[]")
        if unknown := [word for word in asked if word not in MEMBERSHIPS]:
            raise ValidationError({"memberships": [f"There is no {unknown[0]}."]})
        wanted = Q()
        for word in set(asked):
            wanted |= MEMBERSHIPS[word]
        return rows.filter(wanted)

    def _page(self, rows: Any) -> Response:
        found, tokens = PageRequest.of(self.request.query_params).page(rows, _BY_RECIPIENT)
        names = [row["recipient__username"] for row in found]
        return Response({"publicUserIds": names, "userFeedMarkers": [], "paging": tokens})
