"""Marks: one message, or everything up to one."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import NotParticipant, NotRecipient
from chat.models import Tracking
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import BulkMarkBody, MarkBody
from receipts.api.shapes import BulkMark, MarkedRow, marked_row
from receipts.selectors import own_position, own_row, unread_of
from receipts.services.marking import Position, Row


class MessageMarkViewSet(ApiViewSet):
    """A recipient marks one message."""

    serializer_class = MarkedRow

    @extend_schema(request=MarkBody, responses=MarkedRow)
    def delivered(self, request: Request, pk: int) -> Response:
        """The message reached the recipient's device."""
        return self._mark(pk, read=False)

    @extend_schema(request=MarkBody, responses=MarkedRow)
    def read(self, request: Request, pk: int) -> Response:
        """The recipient read the message."""
        return self._mark(pk, read=True)

    def _mark(self, pk: int, *, read: bool) -> Response:
        """Mark the row of whoever this request acts for, and answer it as it stands."""
        fields = self.validated(MarkBody)
        username, at = self.acting_username(fields.get("user")), fields.get("at")
        row = self._own_row(pk, username)
        # A repeat asks one query and writes nothing.
        if at is not None or row["seen_at" if read else "delivered_at"] is None:
            named = Row(
                message_id=pk,
                recipient_id=row["recipient_id"],
                conversation_id=row["conversation_id"],
            )
            if read:
                private = not row["recipient__read_receipts_enabled"]
                times = services.mark_read(row=named, at=at, private=private)
            else:
                times = services.mark_delivered(row=named, at=at)
            # Where nothing changed, somebody else may have marked it since the row was read.
            row = row | (times or self._own_row(pk, username))
        return Response(marked_row(row))

    def _own_row(self, pk: int, username: str) -> dict[str, Any]:
        row = own_row(pk, username)
        if row is None:
            self.visible_message(pk)
        if row is None or row["withdrawn_at"] is not None:
            raise NotRecipient
        return row


class ConversationMarkViewSet(ApiViewSet):
    """A participant marks everything up to a message."""

    serializer_class = BulkMark

    @extend_schema(request=BulkMarkBody, responses=BulkMark)
    def mark_delivered(self, request: Request, pk: int) -> Response:
        """All that stands up to a message reached the recipient's device."""
        return self._mark(pk, read=False)

    @extend_schema(request=BulkMarkBody, responses=BulkMark)
    def mark_read(self, request: Request, pk: int) -> Response:
        """All that stands up to a message was read; without one, up to the newest."""
        return self._mark(pk, read=True)

    def _mark(self, pk: int, *, read: bool) -> Response:
        fields = self.validated(BulkMarkBody)
        username = self.acting_username(fields.get("user"))
        named = fields.get("up_to_message")
        found = own_position(pk, username, named)
        if found is None:
            self.visible_conversation(pk)
            raise NotParticipant
        if named is not None and found["up_to"] is None:
            raise ValidationError({"up_to_message": ["No such message in this conversation."]})
        at = fields.get("at")
        marked = 0
        if found["up_to"] is not None:
            position = Position(
                participant_id=found["pk"],
                recipient_id=found["user_id"],
                conversation_id=pk,
                up_to=found["up_to"],
                tracked=found["tracking"] == Tracking.TRACKED,
            )
            if read:
                private = not found["user__read_receipts_enabled"]
                marked = services.bulk_mark_read(position=position, at=at, private=private)
            else:
                marked = services.bulk_mark_delivered(position=position, at=at)
        now = timezone.now()
        return Response(
            {
                "conversation": pk,
                "user": username,
                "up_to_message": found["up_to"],
                "marked": marked,
                "at": min(at, now) if at else now,
                "unread_count": unread_of(found["user_id"]).filter(conversation_id=pk).count(),
            }
        )
