"""A feed, which the SDK requests before it listens to its markers."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Message
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.shapes import NO_MARKERS, feed_shape
from receipts.sql.keyset import NEWEST_FIRST


class FeedView(SocialPlusView):
    """One feed."""

    def show(self, request: Request, feed: str) -> Response:
        """A feed that the caller can see."""
        conversation = self.conversation_named(feed)
        messages = Message.objects.filter(conversation=conversation, deleted_at=None)
        newest = NEWEST_FIRST.sorted(messages).only("created_at").first()
        shape = feed_shape(conversation, newest, count=messages.count())
        lists = ("messages", "users", "files", "feedMarkers", "userFeedMarkers")
        return Response({"messageFeeds": [shape], **{name: [] for name in lists}})


class FeedMarkersView(SocialPlusView):
    """Unread counts of feeds, which are the native API's here."""

    query_parameters = frozenset({"messageFeedIds[]", "options[token]"})

    def show(self, request: Request) -> Response:
        """No markers: the SDK then shows no unread counts, and continues."""
        return Response({**NO_MARKERS, "feedMarkers": [], "paging": {}})
