"""Marks: everything in a feed or channel up to a message was delivered or read."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Message
from chat.names import numbered
from receipts import services
from receipts.gateways.frame import message_id_given
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.segments import time_of_segment
from receipts.gateways.socialplus.shapes import NO_MARKERS
from receipts.sql.keyset import NEWEST_FIRST


class MarkView(SocialPlusView):
    """Marks up to a message, by the caller. The SDK then requests the new counts itself."""

    def delivering(self, request: Request, feed: str) -> Response:
        """Everything in a feed up to the message that has just reached the device."""
        number = message_id_given(self.body.get("messageId"))
        if number is None:
            raise ValidationError({"messageId": ["No such message in this feed."]})
        return self._marked(self.conversation_named(feed).pk, number, read=False)

    def read_to(self, request: Request, feed: str) -> Response:
        """Everything in a feed up to a segment: up to the newest message that is not after it.

        Before the first message there is nothing to mark.
        """
        time = time_of_segment("readToSegment", self.body.get("readToSegment"))
        conversation = self.conversation_named(feed)
        until = Message.objects.filter(conversation=conversation, created_at__lte=time)
        newest = NEWEST_FIRST.sorted(until).values_list("pk", flat=True).first()
        if newest is None:
            return Response(NO_MARKERS)
        return self._marked(conversation.pk, newest, read=True)

    def read_all(self, request: Request, channel: str) -> Response:
        """Everything in a channel."""
        return self._marked(self.conversation_named(channel).pk, None, read=True)

    def _marked(self, conversation_id: int, message_id: int | None, *, read: bool) -> Response:
        services.mark_up_to(
            conversation_id=conversation_id,
            username=self.own_username(),
            up_to=numbered(message_id),
            read=read,
        )
        return Response(NO_MARKERS)
