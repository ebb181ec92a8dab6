"""Markers: who got a message and who has read it, told and asked."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.ids import MAX_ID, whole_number
from chat.models import Message
from receipts.api.archived import Archived
from receipts.api.filters import RecipientFilter
from receipts.api.marks import ConversationMarkViewSet
from receipts.api.receipts import MAX_SUMMARIES, MessageReceiptViewSet
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.paging import PARAMETERS, Asked
from receipts.gateways.socialplus.shapes import COLUMNS, NO_MARKERS, content_markers
from receipts.gateways.translating import id_of
from receipts.reads.selectors import recipients_of
from receipts.rules.membership import Membership, membership_q


def _part(part: Membership) -> Q:
    return Q(recipient__is_active=True) & membership_q(part, account="recipient")


#: Its words for the part that a recipient takes now; exactly one fits.
MEMBERSHIPS = {
    "member": _part(Membership.ACTIVE),
    "muted": _part(Membership.MUTED),
    "banned": _part(Membership.BANNED),
    "non-member": _part(Membership.LEFT),
    "deleted": Q(recipient__is_active=False),
}

_READ = QueryDict("state=read")


class MarkView(SocialPlusView, ConversationMarkViewSet):
    """Marks up to a message. Its SDK asks for the counts that follow by itself."""

    def delivering(self, request: Request, feed: str) -> Response:
        """All of a feed up to the message that has just reached the device."""
        number = whole_number(str(self.body().get("messageId")), MAX_ID)
        if not number:
            raise ValidationError({"messageId": ["No such message in this feed."]})
        return self._marked(self.conversation_named(feed).pk, number, read=False)

    def read_to(self, request: Request, feed: str) -> Response:
        """All of a feed up to a segment: the newest message that is not beyond it.

        Before the first message there is nothing to mark.
        """
        segment = self.body().get("readToSegment")
        if type(segment) is not int or not 0 <= segment <= MAX_ID:
            raise ValidationError({"readToSegment": ["Must be a whole number."]})
        conversation = self.conversation_named(feed)
        upto = Message.objects.filter(conversation=conversation, pk__lte=segment)
        newest = upto.order_by("-pk").values_list("pk", flat=True).first()
        if newest is None:
            return Response(NO_MARKERS)
        return self._marked(conversation.pk, newest, read=True)

    def read_all(self, request: Request, channel: str) -> Response:
        """All of a channel."""
        return self._marked(self.conversation_named(channel).pk, None, read=True)

    def _marked(self, pk: int, up_to: int | None, *, read: bool) -> Response:
        self._mark(pk, {"up_to_message": up_to}, read=read)
        return Response(NO_MARKERS)


class CountsView(SocialPlusView):
    """The counts of the messages on somebody's screen."""

    query_parameters = frozenset({"messageIds[]"})

    def show(self, request: Request) -> Response:
        """One marker for each message whose receipts the caller may see (rule 17)."""
        given = request.query_params.getlist("messageIds[]")
        if len(given) > MAX_SUMMARIES:
            raise ValidationError({"messageIds": [f"At most {MAX_SUMMARIES}."]})
        ids = [number for name in given if (number := whole_number(name, MAX_ID))]
        rows = Message.objects.visible_to(self.user).filter(pk__in=ids).order_by("pk")
        markers = content_markers(rows.values(*COLUMNS), self.user)
        return Response({"contentMarkers": markers, "feedMarkers": [], "userMarkers": []})


class UsersView(SocialPlusView, MessageReceiptViewSet):
    """Who read a message, and who got it, for those who may see that (rule 17)."""

    query_parameters = PARAMETERS | {"memberships[]"}

    def read(self, request: Request, pk: str) -> Response:
        """Those who read it, and told."""
        rows = self._recipients(id_of(pk))
        # The native filter, which knows from whom reads are hidden.
        return self._page(RecipientFilter(_READ, rows, request=request).qs)

    def delivered(self, request: Request, pk: str) -> Response:
        """Those whom it reached, readers among them."""
        rows = self._recipients(id_of(pk))
        return self._page(rows.filter(withdrawn_at=None, delivered_at__isnull=False))

    def _recipients(self, pk: int) -> Any:
        message = self.disclosed_message(pk)
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
        found, tokens = Asked.by(self.request.query_params).page(rows, "recipient_id")
        names = [row["recipient__username"] for row in found]
        return Response({"publicUserIds": names, "userFeedMarkers": [], "paging": tokens})
